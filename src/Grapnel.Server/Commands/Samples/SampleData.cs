using System.Net;
using System.Text.Json;
using Grapnel.Sending.Signing;
using Grapnel.Server.Commands.Client;

namespace Grapnel.Server.Commands.Samples;

/// <summary>
/// Event types and endpoints to look around with, loaded through the public API. What exists already, with whatever a person has made of it
/// since, stays as it is: loading twice changes nothing.
/// </summary>
internal sealed class SampleData(ApiClient client, Uri consumer)
{
    /// <summary>The path of the endpoint that fails first.</summary>
    public const string FlakyPath = "/flaky";

    private const string EndpointsPath = $"/api/v1/app/{Application.DefaultUid}/endpoint";

    // One for all new endpoints, so that one receiver can check the signatures of all of them.
    private readonly string _secret = ReceiverKey.Of(WebhookSecret.Generate()).ToText();

    /// <summary>Retry delays in seconds of the endpoint that fails first.</summary>
    public IReadOnlyList<double> FlakyRetrySchedule { get; init; } = [2, 4, 8, 60, 600];

    /// <summary>Loads what is missing.</summary>
    public async Task<SampleSummary> LoadAsync(CancellationToken cancel)
    {
        var added = 0;
        foreach (var type in SampleEvents.All)
            added += await AddAsync("/api/v1/event-type", new { type.Name, type.Description, GroupName = type.Group, type.Schemas }, cancel);
        foreach (var endpoint in Endpoints)
            added += await AddAsync(EndpointsPath, endpoint, cancel);
        return new SampleSummary(added, SampleEvents.All.Count + Endpoints.Length);
    }

    /// <summary>What the webhooks of the sample endpoints are verified with, as text.</summary>
    public async Task<string> ReadSecretAsync(CancellationToken cancel) =>
        (await client.GetAsync($"{EndpointsPath}/sample-billing/secret", cancel)).Read<SecretAnswer>().Key;

    private SampleEndpoint[] Endpoints =>
    [
        New("billing", "Billing: what has to do with money, in order") with
        {
            FilterTypes = ["order.paid", "order.cancelled", "invoice.paid"], Ordered = true,
        },
        New("analytics", "Analytics: everything, at most 20 a second") with { RateLimit = 20 },
        New("audit", "Audit: orders and users") with
        {
            FilterTypes = ["order.created", "order.paid", "order.cancelled", "user.created", "user.deleted"],
        },
        New("flaky", "Flaky: a receiver with bad days") with
        {
            FilterTypes = ["order.created", "user.deleted"], RetrySchedule = FlakyRetrySchedule,
        },
    ];

    private SampleEndpoint New(string name, string description) =>
        new("sample-" + name, new Uri(consumer, name).ToString(), description, _secret);

    // 1 when it was added, 0 when it was there.
    private async Task<int> AddAsync(string path, object thing, CancellationToken cancel)
    {
        var answer = await client.PostAsync(path, JsonSerializer.SerializeToUtf8Bytes(thing, JsonSerializerOptions.Web), cancel);
        if (answer.Status == HttpStatusCode.Conflict)
            return 0;
        return answer.Succeeded ? 1 : throw Explain(answer);
    }

    private CommandException Explain(ApiAnswer answer) =>
        answer.Status == HttpStatusCode.UnprocessableEntity && consumer.IsLoopback
            ? new CommandException($"{answer.Failure().Message} Webhooks to this machine are refused by default; for a try-out, start the server with --allow-net 127.0.0.0/8.")
            : answer.Failure();

    private sealed record SampleEndpoint(string Uid, string Url, string Description, string Secret)
    {
        public IReadOnlyList<string>? FilterTypes { get; init; }

        public int? RateLimit { get; init; }

        public bool Ordered { get; init; }

        public IReadOnlyList<double>? RetrySchedule { get; init; }
    }

    private sealed record SecretAnswer(string Key);
}

/// <summary>What loading came to.</summary>
/// <param name="Added">Things that were missing.</param>
/// <param name="Total">Things that are there now.</param>
internal readonly record struct SampleSummary(int Added, int Total);
