using Grapnel.Housekeeping;
using Grapnel.Publishing;
using Grapnel.Publishing.Filters;
using Grapnel.Sending;
using Grapnel.Sending.Formats;
using Grapnel.Sending.Signing;
using Grapnel.Storage;

namespace Grapnel.Registry;

/// <summary>Holds an endpoint's input against the rules, all fields at once.</summary>
internal sealed class EndpointCheck(ICatalogStore store, AddressGuard guard)
{
    private const int MaxUrlLength = 2048;
    private const int MaxEventTypes = 1000;
    private const int MaxRetries = 20;
    private const int MaxHeaders = 64;
    private const int MaxCredential = 4096;

    // A few certificates, not a whole list of authorities: all endpoints of an application are in memory together.
    private const int MaxPem = 64 * 1024;
    private static readonly IReadOnlyDictionary<string, string> NoHeaders = new Dictionary<string, string>();
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromDays(30);

    /// <exception cref="InvalidInputException">Something does not fit; tells every field at fault.</exception>
    public async Task RunAsync(Id<Application> application, EndpointInput input, Endpoint? current, CancellationToken cancellationToken)
    {
        var check = new InputCheck();
        await CheckUrlAsync(check, input.Url, current?.Url, cancellationToken);
        check.Uid<Endpoint>(input.Uid);
        check.Text("description", input.Description, 4096);
        check.Metadata(input.Metadata);
        await CheckEventTypesAsync(check, application, input.EventTypes, current?.EventTypes ?? [], cancellationToken);
        CheckChannels(check, input.Channels);
        if (input.Filter is not null && !PayloadFilter.TryParse(input.Filter, out _, out var fault))
            check.Add("filter", $"is no JMESPath expression: {fault}");
        CheckLimits(check, input);
        if (input.Headers?.Count > MaxHeaders)
            check.Add("headers", $"must have at most {MaxHeaders} entries");
        check.Add(HeaderRules.Check(input.Headers ?? NoHeaders));
        check.Add(HeaderRules.CheckFormat(input.Format, input.Headers ?? current?.Headers ?? NoHeaders));
        CheckTls(check, input.Tls, current?.Tls);
        await CheckGrantAsync(check, input, current, cancellationToken);
        EndpointSecret? secret = null;
        if (current is null && input.Secret is not null && !WebhookSecret.TryParse(input.Secret, out secret, out var error))
            check.Add("secret", error);
        if (GithubStyle.Is(input.Format) && (current?.Secrets[0] ?? secret) is { Type: not SignatureType.Hmac256 })
            check.Add("format", "GitHub's style signs with a shared secret (whsec_), and this endpoint has a key pair; replace its secret first");
        check.ThrowIfAny();
    }

    private static void CheckTls(InputCheck check, EndpointTls? tls, EndpointTls? current)
    {
        if (tls is null || tls == current)
            return;
        var lengths = new[] { ("tls.authorities", tls.Authorities?.Length), ("tls.clientCertificate", tls.ClientCertificate?.Length), ("tls.clientKey", tls.ClientKey?.Length) };
        foreach (var (field, length) in lengths)
            Length(check, field, length ?? 0, 0, MaxPem);
        // What is too long is not even read.
        if (lengths.All(part => part.Item2 is null or <= MaxPem) && !EndpointCertificates.TryRead(tls, out _, out var unfit))
            check.Add([unfit]);
    }

    private async Task CheckGrantAsync(InputCheck check, EndpointInput input, Endpoint? current, CancellationToken cancellationToken)
    {
        if (input.OAuth is not { } grant)
            return;
        await CheckUrlAsync(check, grant.TokenUrl, current?.OAuth?.TokenUrl, cancellationToken, "oauth.tokenUrl");
        Length(check, "oauth.clientId", grant.ClientId.Length, 1, MaxCredential);
        if (grant.ClientSecret.Length == 0)
            check.Add("oauth.clientSecret", "is needed: the one that is there stays only for the same tokenUrl and clientId");
        Length(check, "oauth.clientSecret", grant.ClientSecret.Length, 0, MaxCredential);
        Length(check, "oauth.scope", grant.Scope?.Length ?? 0, 0, MaxCredential);
        Length(check, "oauth.audience", grant.Audience?.Length ?? 0, 0, MaxCredential);
        if ((input.Headers ?? current?.Headers ?? NoHeaders).Keys.Any(name => name.Equals("Authorization", StringComparison.OrdinalIgnoreCase)))
            check.Add("headers.Authorization", "The access token of oauth goes there.");
    }

    private static void Length(InputCheck check, string field, int length, int least, int most)
    {
        if (length < least || length > most)
            check.Add(field, $"must have {least} to {most} characters");
    }

    private static void CheckLimits(InputCheck check, EndpointInput input)
    {
        check.Range("throttleRate", input.RateLimit, 1, ushort.MaxValue);
        check.Range("maxConcurrency", input.MaxConcurrency, 1, 1024);
        check.Range("version", input.Version, 0, ushort.MaxValue);
        if (input.Timeout is { } timeout && (timeout < TimeSpan.FromSeconds(1) || timeout > TimeSpan.FromSeconds(60)))
            check.Add("timeoutSeconds", "must lie between 1 and 60");
        if (input.RetrySchedule is not { } delays)
            return;
        if (delays.Count > MaxRetries)
            check.Add("retrySchedule", $"must have at most {MaxRetries} entries");
        foreach (var (index, delay) in delays.Index())
            if (delay < TimeSpan.Zero || delay > MaxRetryDelay)
                check.Add($"retrySchedule.{index}", "must lie between 0 seconds and 30 days (2592000)");
    }

    private static void CheckChannels(InputCheck check, IReadOnlyList<string>? channels)
    {
        if (channels is { Count: 0 or > PublishRules.MaxChannels })
            check.Add("channels", $"must have 1 to {PublishRules.MaxChannels} entries, or be null for any message");
        foreach (var (index, channel) in (channels ?? []).Index())
            if (!PublishRules.IsChannel(channel))
                check.Add($"channels.{index}", PublishRules.ChannelRule);
    }

    /// <summary>Types that the endpoint has already may have been archived since; only new ones must be open for subscription.</summary>
    private async Task CheckEventTypesAsync(
        InputCheck check, Id<Application> application, IReadOnlyList<string>? wanted, IReadOnlyList<string> held, CancellationToken cancellationToken)
    {
        if (wanted is null)
            return;
        if (wanted.Count is 0 or > MaxEventTypes)
            check.Add("eventTypes", $"must have 1 to {MaxEventTypes} entries, or be null for all event types");
        var known = await KnownTypesAsync(application, cancellationToken);
        foreach (var (index, name) in wanted.Index())
            if (!known.Contains(name) && !held.Contains(name))
                check.Add($"eventTypes.{index}", $"there is no event type '{name}', or it is archived");
    }

    private async Task<IReadOnlySet<string>> KnownTypesAsync(Id<Application> application, CancellationToken cancellationToken)
    {
        var operational = await store.FindApplicationAsync(Application.OperationalUid, cancellationToken);
        return operational?.Id == application
            ? OperationalEventTypes.All
            : (await store.ReadEventTypeNamesAsync(cancellationToken)).ToHashSet();
    }

    /// <summary>A URL that is there already passed when it was set, and is checked again whenever it is connected to.</summary>
    private async Task CheckUrlAsync(InputCheck check, string? url, string? current, CancellationToken cancellationToken, string field = "url")
    {
        if (url is { Length: > MaxUrlLength })
            check.Add(field, $"must have at most {MaxUrlLength} characters");
        else if (url is null || url != current)
            check.Add(field, await guard.CheckUrlAsync(url, cancellationToken));
    }
}
