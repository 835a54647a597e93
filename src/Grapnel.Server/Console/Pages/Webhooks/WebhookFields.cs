using System.Text;
using Grapnel.Registry;
using Grapnel.Sending.Signing;

namespace Grapnel.Server.Console.Pages.Webhooks;

/// <summary>What a person fills in about an endpoint, as text where people write text.</summary>
public sealed class WebhookFields
{
    private static readonly IReadOnlyDictionary<string, string> None = new Dictionary<string, string>();

    /// <summary>Where webhooks go.</summary>
    public string Url { get; set; } = "";

    /// <summary>What it is for.</summary>
    public string Description { get; set; } = "";

    /// <summary>The operator's own identifier, or nothing.</summary>
    public string? Uid { get; set; }

    /// <summary>Whether it subscribes to <see cref="EventTypes"/> only; otherwise to all.</summary>
    public bool OnlySome { get; set; }

    /// <summary>Event types it subscribes to.</summary>
    public List<string> EventTypes { get; set; } = [];

    /// <summary>Channels with commas between; nothing means any message.</summary>
    public string? Channels { get; set; }

    /// <summary>A JMESPath expression, or nothing.</summary>
    public string? Filter { get; set; }

    /// <summary>Whether it receives.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How requests are written.</summary>
    public RequestFormat Format { get; set; }

    /// <summary>The certificate to show, and those that lead to its authority, in PEM; or nothing.</summary>
    public string? ClientCertificate { get; set; }

    /// <summary>Its key in PEM; nothing keeps what is there.</summary>
    public string? ClientKey { get; set; }

    /// <summary>Authorities to trust instead of the system's, in PEM; or nothing.</summary>
    public string? Authorities { get; set; }

    /// <summary>Whether any certificate will do.</summary>
    public bool Insecure { get; set; }

    /// <summary>Where access tokens are asked for; nothing means none are.</summary>
    public string? TokenUrl { get; set; }

    /// <summary>Who asks for them.</summary>
    public string? ClientId { get; set; }

    /// <summary>The client's secret; nothing keeps what is there.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>What tokens are for, or nothing.</summary>
    public string? Scope { get; set; }

    /// <summary>Whom tokens are for, or nothing.</summary>
    public string? Audience { get; set; }

    /// <summary>Where id and secret stand.</summary>
    public ClientAuthentication ClientAuthentication { get; set; }

    /// <summary>Whether there is a key already that is not shown.</summary>
    public bool HasClientKey { get; init; }

    /// <summary>Whether there is a client's secret already that is not shown.</summary>
    public bool HasClientSecret { get; init; }

    /// <summary>Extra request headers.</summary>
    public List<NamedValue> Headers { get; } = [];

    /// <summary>Free string pairs.</summary>
    public List<NamedValue> Metadata { get; } = [];

    /// <summary>Attempts a second, or nothing.</summary>
    public int? RateLimit { get; set; }

    /// <summary>Attempts in flight at once, or nothing for the server's default.</summary>
    public int? MaxConcurrency { get; set; }

    /// <summary>Limit of one exchange in seconds, or nothing for the server's default.</summary>
    public int? TimeoutSeconds { get; set; }

    /// <summary>How a failed delivery is tried again.</summary>
    public RetryChoice Retries { get; set; }

    /// <summary>The delays, with <see cref="RetryChoice.Own"/>.</summary>
    public string? RetrySchedule { get; set; }

    /// <summary>Whether it delivers strictly in order.</summary>
    public bool Ordered { get; set; }

    /// <summary>What then happens when the head is exhausted.</summary>
    public OnExhausted OnExhausted { get; set; }

    /// <summary>How it signs; looked at on creation only.</summary>
    public SigningChoice Signing { get; set; }

    /// <summary>The secret, with <see cref="SigningChoice.Own"/>.</summary>
    public string? Secret { get; set; }

    internal static WebhookFields From(EndpointInput input)
    {
        var fields = new WebhookFields
        {
            Url = input.Url ?? "", Description = input.Description, Uid = input.Uid, OnlySome = input.EventTypes is not null,
            EventTypes = [.. input.EventTypes ?? []],
            Channels = string.Join(", ", input.Channels ?? []), Filter = input.Filter, Enabled = input.Enabled, RateLimit = input.RateLimit,
            MaxConcurrency = input.MaxConcurrency, TimeoutSeconds = (int?)input.Timeout?.TotalSeconds, Ordered = input.Ordered,
            OnExhausted = input.OnExhausted, RetrySchedule = Durations.Format(input.RetrySchedule ?? []),
            Format = input.Format, ClientCertificate = input.Tls?.ClientCertificate, Authorities = input.Tls?.Authorities, Insecure = input.Tls?.Insecure == true,
            HasClientKey = input.Tls?.ClientKey is not null, TokenUrl = input.OAuth?.TokenUrl, ClientId = input.OAuth?.ClientId, Scope = input.OAuth?.Scope,
            Audience = input.OAuth?.Audience, ClientAuthentication = input.OAuth?.ClientAuthentication ?? default, HasClientSecret = input.OAuth is not null,
            Retries = input.RetrySchedule switch { null => RetryChoice.Default, [] => RetryChoice.None, _ => RetryChoice.Own },
        };
        // Credentials are written and never shown again, as in the API.
        fields.Headers.AddRange((input.Headers ?? None).Select(header => EndpointHeaders.IsSensitive(header.Key)
            ? new NamedValue { Name = header.Key, IsKept = true }
            : new NamedValue { Name = header.Key, Value = header.Value }));
        fields.Metadata.AddRange(input.Metadata.Select(pair => new NamedValue { Name = pair.Key, Value = pair.Value }));
        return fields;
    }

    /// <exception cref="InvalidInputException">What was written cannot be read.</exception>
    internal EndpointInput ApplyTo(EndpointInput was) => was with
    {
        Url = Url.Trim(),
        Description = Description.Trim(),
        Uid = Text(Uid),
        EventTypes = ReadEventTypes(),
        Channels = Words(Channels) is { Length: > 0 } channels ? channels : null,
        Filter = Text(Filter),
        Enabled = Enabled,
        Headers = Pairs("headers", Headers, was.Headers ?? None),
        Format = Format,
        Tls = ReadTls(),
        OAuth = ReadOAuth(),
        Metadata = Pairs("metadata", Metadata, None),
        RateLimit = RateLimit,
        MaxConcurrency = MaxConcurrency,
        Timeout = TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        RetrySchedule = ReadRetries(),
        Ordered = Ordered,
        OnExhausted = OnExhausted,
    };

    /// <summary>The first secret in text; null lets the server make one of its default type.</summary>
    internal string? NewSecret() => Signing switch
    {
        SigningChoice.Own => Secret?.Trim() ?? "",
        SigningChoice.KeyPair => TextOf(SignatureType.Ed25519),
        SigningChoice.Shared => TextOf(SignatureType.Hmac256),
        _ => null,
    };

    /// <summary>A new random secret in text, private as it is.</summary>
    internal static string TextOf(SignatureType type) =>
        SecretText.Write(type == SignatureType.Ed25519 ? SecretText.Private : SecretText.Symmetric, WebhookSecret.Generate(type).Key);

    private EndpointTls? ReadTls()
    {
        var tls = new EndpointTls
        {
            ClientCertificate = Text(ClientCertificate), ClientKey = Bytes(ClientKey), Authorities = Text(Authorities), Insecure = Insecure,
        };
        return tls == new EndpointTls() ? null : tls;
    }

    private EndpointOAuth? ReadOAuth() => Text(TokenUrl) is not { } url ? null : new EndpointOAuth
    {
        TokenUrl = url, ClientId = Text(ClientId) ?? "", ClientSecret = Bytes(ClientSecret) ?? [], Scope = Text(Scope), Audience = Text(Audience),
        ClientAuthentication = ClientAuthentication,
    };

    private static byte[]? Bytes(string? text) => Text(text) is { } written ? Encoding.UTF8.GetBytes(written) : null;

    // None of some is a slip; taken for all, it would send what nobody asked for.
    private string[]? ReadEventTypes() => (OnlySome, EventTypes.Count) switch
    {
        (false, _) => null,
        (_, 0) => throw new InvalidInputException("eventTypes", "Choose at least one event type, or all."),
        _ => [.. EventTypes],
    };

    private IReadOnlyList<TimeSpan>? ReadRetries() => Retries switch
    {
        RetryChoice.Default => null,
        RetryChoice.None => [],
        _ when Text(RetrySchedule) is null => throw new InvalidInputException("retrySchedule", "Write at least one delay, or choose another way to retry."),
        _ => Durations.TryParse(RetrySchedule!, out var delays, out var fault) ? delays : throw new InvalidInputException("retrySchedule", fault),
    };

    private static Dictionary<string, string> Pairs(string field, List<NamedValue> rows, IReadOnlyDictionary<string, string> was)
    {
        var held = new Dictionary<string, string>(was, StringComparer.OrdinalIgnoreCase);
        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in rows.Where(row => !row.IsEmpty))
            if (!pairs.TryAdd(row.Name.Trim(), row.IsKept && row.Value.Length == 0 ? held.GetValueOrDefault(row.Name, "") : row.Value))
                throw new InvalidInputException(field, $"The name '{row.Name.Trim()}' is given twice.");
        return pairs;
    }

    private static string[] Words(string? text) => (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string? Text(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}

/// <summary>A row of a list of names and values.</summary>
public sealed class NamedValue
{
    /// <summary>The name.</summary>
    public string Name { get; set; } = "";

    /// <summary>The value; empty when it is kept.</summary>
    public string Value { get; set; } = "";

    /// <summary>Whether there is a value already that is not shown; leaving <see cref="Value"/> empty keeps it.</summary>
    public bool IsKept { get; init; }

    internal bool IsEmpty => Name.Trim().Length == 0 && Value.Length == 0;
}

/// <summary>How a failed delivery is tried again.</summary>
public enum RetryChoice
{
    /// <summary>By the server's schedule.</summary>
    Default,

    /// <summary>By a schedule of its own.</summary>
    Own,

    /// <summary>Not at all.</summary>
    None,
}

/// <summary>How a new endpoint signs.</summary>
public enum SigningChoice
{
    /// <summary>As the server does by default.</summary>
    Default,

    /// <summary>With a new shared secret.</summary>
    Shared,

    /// <summary>With a new key pair.</summary>
    KeyPair,

    /// <summary>With a secret that the person brings.</summary>
    Own,
}
