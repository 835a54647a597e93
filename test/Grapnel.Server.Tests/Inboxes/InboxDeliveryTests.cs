using Grapnel.Registry;
using Grapnel.Server.Inboxes;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Inboxes;

/// <summary>The engine delivers to an inbox of the same server.</summary>
public sealed class InboxDeliveryTests(InboxFixture fixture) : InboxTest(fixture)
{
    [Theory]
    [InlineData(SignatureType.Hmac256)]
    [InlineData(SignatureType.Ed25519)]
    public async Task A_message_arrives_byte_for_byte_and_its_signature_is_verified_with_the_secret_of_the_endpoint(SignatureType type)
    {
        var secret = type == SignatureType.Ed25519 ? "whsk_" + Convert.ToBase64String(Sending.Signing.Ed25519.Generate()) : null;
        var inbox = await NewInboxAsync(new EndpointInput { Secret = secret });
        var message = await PublishAsync(inbox, """{"a":  1}""");

        var caught = (await Inboxes.ReadAsync(inbox.Id, Cancel)).ShouldHaveSingleItem();

        (caught.Method, caught.Target, caught.MessageId, caught.AnsweredStatus).ShouldBe(("POST", PathOf(inbox), message, 200));
        (caught.BodyLength, System.Text.Encoding.UTF8.GetString(caught.Body)).ShouldBe((9, """{"a":  1}"""));
        var steps = await Inboxes.ExplainAsync(caught, Cancel);
        steps.Select(step => step.Outcome).ShouldBe(Enumerable.Repeat(StepOutcome.Passed, 5));
        steps[3].Title.ShouldEndWith(type == SignatureType.Ed25519 ? "v1a (Ed25519)" : "v1 (HMAC-SHA256)");
    }

    [Fact]
    public async Task An_inbox_that_fails_the_first_attempts_of_each_message_lets_a_retry_succeed()
    {
        var inbox = await NewInboxAsync(new EndpointInput { RetrySchedule = [TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero] });
        await Inboxes.SetAnswerAsync(inbox.Id, new InboxAnswer(204, TimeSpan.Zero, FailFirst: 2), Cancel);

        await PublishAsync(inbox, "{}", attempts: 3);
        await PublishAsync(inbox, "{}", attempts: 3);

        var caught = (await Inboxes.ReadAsync(inbox.Id, Cancel)).Reverse().ToList();
        caught.Select(request => request.AnsweredStatus).ShouldBe([500, 204, 500, 500, 204], "the oldest of six made way");
        caught.Select(request => request.MessageId).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public async Task A_secret_that_was_rotated_explains_what_it_signed_as_long_as_it_signs()
    {
        var inbox = await NewInboxAsync(new EndpointInput());
        await PublishAsync(inbox, "{}");
        var caught = (await Inboxes.ReadAsync(inbox.Id, Cancel)).Single();
        await Server.Get<EndpointSecrets>().RotateAsync(inbox.ApplicationId, inbox.EndpointId.ToString()!, null, null, Cancel);

        var steps = await Inboxes.ExplainAsync(caught, Cancel);

        steps.Select(step => (step.Title, step.Outcome)).Skip(3).ShouldBe(
        [
            ("Current secret, v1 (HMAC-SHA256)", StepOutcome.Skipped), ("Earlier secret, v1 (HMAC-SHA256)", StepOutcome.Passed), ("Verdict", StepOutcome.Passed),
        ]);
    }

    private async Task<string> PublishAsync(Inbox inbox, string payload, int attempts = 1)
    {
        var application = $"/api/v1/app/{inbox.ApplicationId}";
        using var settled = new Settled(Server, application);
        var reply = await Server.Client.PostJsonAsync(application + "/msg", $$"""{"eventType":"x","payload":{{payload}}}""");
        reply.Status.ShouldBe(202, reply.Text);
        for (var attempt = 0; attempt < attempts; attempt++)
            await settled.NextAsync();
        return reply.Id;
    }
}
