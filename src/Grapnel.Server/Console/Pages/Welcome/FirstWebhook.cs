using System.Text.Json;
using Grapnel.History;
using Grapnel.Publishing;
using Grapnel.Registry;
using Grapnel.Server.Console.Pages.Inboxes;
using Grapnel.Server.Inboxes;

namespace Grapnel.Server.Console.Pages.Welcome;

/// <summary>What a first run does: names an event, makes a webhook for it, sends one, and looks what became of it.</summary>
internal sealed class FirstWebhook(
    EventTypeRegistry eventTypes, EndpointRegistry endpoints, InboxRegistry inboxes, Publisher publisher, MessageDetails details, TimeProvider time)
{
    /// <summary>Makes the event type, unless it is there, and an endpoint for it.</summary>
    /// <param name="application">The application.</param>
    /// <param name="name">The name of the event type.</param>
    /// <param name="url">The person's own webhook; null for a test inbox.</param>
    /// <param name="here">The address that the person reaches this server at.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidInputException">Name or URL do not fit.</exception>
    public async Task<Id<Endpoint>> PrepareAsync(Id<Application> application, string name, string? url, Uri here, CancellationToken cancellationToken)
    {
        try
        {
            await eventTypes.CreateAsync(new EventTypeInput { Name = name, Description = "" }, cancellationToken);
        }
        catch (ConflictException)
        {
            // It is there already, which is as good.
        }
        var input = new EndpointInput { EventTypes = [name], Description = url is null ? InboxWords.Description : "My first webhook", Url = url };
        return url is null
            ? (await inboxes.CreateAsync(application, here, input, cancellationToken)).EndpointId!.Value
            : (await endpoints.CreateAsync(application, input, cancellationToken)).Id;
    }

    /// <summary>Publishes an event: the example of its type, or a few words of our own.</summary>
    /// <exception cref="ConflictException">The type has a schema that this does not fit.</exception>
    /// <exception cref="StoreUnavailableException">The store takes no writes now.</exception>
    public async Task<Id<Message>> TriggerAsync(Id<Application> application, string name, CancellationToken cancellationToken)
    {
        var result = await publisher.PublishAsync(new PublishRequest
        {
            Application = application.ToString(),
            EventType = name,
            Payload = await eventTypes.ExampleAsync(name, 0, cancellationToken) ?? Greeting(name),
            RequireEventType = true,
        }, cancellationToken);
        return result.Status switch
        {
            PublishStatus.Accepted => result.Message!.Id,
            PublishStatus.PayloadDoesNotFit => throw new ConflictException("payload_does_not_fit", $"{name} has a schema that this example does not fit. Trigger it from its own page instead."),
            PublishStatus.UnknownEventType => throw new NotFoundException($"There is no event type '{name}' any more."),
            _ => throw new StoreUnavailableException("The store takes no writes just now; try again."),
        };
    }

    /// <summary>What became of a message at an endpoint; null when there is no such message.</summary>
    public async Task<Arrival?> FindArrivalAsync(Endpoint endpoint, Inbox? inbox, string message, CancellationToken cancellationToken)
    {
        if (await details.FindAsync(endpoint.ApplicationId, message, cancellationToken) is not { } view
            || view.Owed.FirstOrDefault(owed => owed.Endpoint?.Id == endpoint.Id) is not { } owed)
            return null;
        var caught = inbox is null ? null
            : (await inboxes.ListRequestsAsync(inbox.Id, cancellationToken)).FirstOrDefault(row => row.MessageId == view.Message.Id.ToString());
        var verdict = caught is null ? null : await VerdictAsync(inbox!, caught.Id, cancellationToken);
        return new Arrival(view.Message.Id, owed.Destination.Status, owed.Why.Detail, owed.Attempts.LastOrDefault(), caught?.Id, verdict);
    }

    private async Task<SignatureStep?> VerdictAsync(Inbox inbox, Id<InboxRequest> id, CancellationToken cancellationToken) =>
        await inboxes.FindRequestAsync(inbox.Id, id, cancellationToken) is { } request
            ? (await inboxes.ExplainAsync(request, cancellationToken))[^1] : null;

    private byte[] Greeting(string name) =>
        JsonSerializer.SerializeToUtf8Bytes(new { type = name, timestamp = time.GetUtcNow(), data = new { greeting = "Hello from Grapnel" } });
}

/// <summary>What became of a message at the one endpoint of a first run.</summary>
/// <param name="Message">The message.</param>
/// <param name="Status">Where its delivery stands.</param>
/// <param name="Why">Why it stands there, in a sentence.</param>
/// <param name="Last">The last attempt, or null.</param>
/// <param name="Caught">The request in the test inbox; null when it did not arrive yet, or there is no inbox.</param>
/// <param name="Verdict">What its signature check ended with, or null.</param>
public sealed record Arrival(
    Id<Message> Message, DeliveryStatus Status, string Why, Attempt? Last, Id<InboxRequest>? Caught, SignatureStep? Verdict)
{
    /// <summary>Whether it was taken.</summary>
    public bool IsDelivered => Status == DeliveryStatus.Success;

    /// <summary>Whether it may still be.</summary>
    public bool IsWaiting => Status is DeliveryStatus.Pending or DeliveryStatus.Sending;
}
