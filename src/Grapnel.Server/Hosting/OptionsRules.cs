using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grapnel.Alerting;
using Grapnel.Sending;
using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Grapnel.Server.Auth.Users;
using Grapnel.Server.Console;
using Grapnel.Server.Inboxes;
using Grapnel.Server.Mail;
using Grapnel.Server.Secrets;
using Grapnel.Server.Telemetry;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Redis;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Grapnel.Server.Hosting;

internal sealed class ServerOptionsRules : IValidateOptions<ServerOptions>
{
    public ValidateOptionsResult Validate(string? name, ServerOptions options) => new OptionsCheck("")
        .That(nameof(options.Urls), options.Urls.Split(';').All(IsAddress), "must be addresses like http://0.0.0.0:8000, separated by semicolons")
        .That(nameof(options.ApiKey), options.ApiKey is null or { Length: 0 or >= 20 }, "must have at least 20 characters")
        .Result;

    /// <summary>Kestrel's form, in which a host may also be <c>*</c> or <c>+</c>.</summary>
    private static bool IsAddress(string text) =>
        Uri.TryCreate(text.Trim().Replace("*", "any").Replace("+", "any"), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
}

internal sealed class AuthOptionsRules : IValidateOptions<AuthOptions>
{
    private const int MinSecretBytes = 32;

    public ValidateOptionsResult Validate(string? name, AuthOptions options) => new OptionsCheck("Auth")
        .That(nameof(options.JwtSecret), options.JwtSecret is null || Encoding.UTF8.GetByteCount(options.JwtSecret) >= MinSecretBytes,
            $"must have at least {MinSecretBytes} bytes")
        .Result;
}

internal sealed class SecretsOptionsRules : IValidateOptions<SecretsOptions>
{
    public ValidateOptionsResult Validate(string? name, SecretsOptions options) => new OptionsCheck("Secrets")
        .That(nameof(options.Certificate), IsCertificate(options.Certificate, options), Rule)
        .That(nameof(options.OldCertificates), options.OldCertificates.All(path => IsCertificate(path, options)), Rule)
        .That(nameof(options.OldCertificates), options.OldCertificates.Count == 0 || options.Certificate is not null, "go with Secrets:Certificate; set that, too")
        .Result;

    private const string Rule = "must be a file with a certificate and its RSA key, PFX or PEM, that Secrets:CertificatePassword opens";

    private static bool IsCertificate(string? path, SecretsOptions options)
    {
        if (path is null)
            return true;
        try
        {
            using var certificate = SecretsServices.Load(path, options);
            using var key = certificate.GetRSAPrivateKey();
            return key is not null;
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

internal sealed class ApiOptionsRules : IValidateOptions<ApiOptions>
{
    private const int MaxPerSecond = 1_000_000;

    public ValidateOptionsResult Validate(string? name, ApiOptions options) => new OptionsCheck("Api")
        .That(nameof(options.PublicUrl), options.PublicUrl is null || OptionsCheck.IsHttpAddress(options.PublicUrl), "must be an address like https://webhooks.example.com")
        .Between(nameof(options.RequestsPerSecond), options.RequestsPerSecond, 0, MaxPerSecond)
        .Between(nameof(options.TokenRequestsPerSecond), options.TokenRequestsPerSecond, 0, MaxPerSecond)
        .Result;
}

internal sealed class ProxyOptionsRules : IValidateOptions<ProxyOptions>
{
    public ValidateOptionsResult Validate(string? name, ProxyOptions options) => ValidateOptionsResult.Success;
}

internal sealed class ConsoleOptionsRules : IValidateOptions<ConsoleOptions>
{
    public ValidateOptionsResult Validate(string? name, ConsoleOptions options) => new OptionsCheck("Console")
        .Between(nameof(options.SessionLifetime), options.SessionLifetime, TimeSpan.FromMinutes(5), TimeSpan.FromDays(90))
        .That(nameof(options.AdminName), options.AdminName is null || options.AdminName.Trim().Length is > 0 and <= Accounts.MaxNameLength,
            $"must have 1 to {Accounts.MaxNameLength} characters")
        .That(nameof(options.AdminPassword), options.AdminPassword is null or { Length: >= Accounts.MinPasswordLength and <= Accounts.MaxPasswordLength },
            $"must have {Accounts.MinPasswordLength} to {Accounts.MaxPasswordLength} characters")
        .That(nameof(options.AdminPassword), options.AdminName is null == options.AdminPassword is null, "goes with Console:AdminName; set both or neither")
        .Result;
}

internal sealed class PublishingOptionsRules : IValidateOptions<PublishingOptions>
{
    public ValidateOptionsResult Validate(string? name, PublishingOptions options) => new OptionsCheck("Publishing")
        .Between(nameof(options.MaxPayloadBytes), options.MaxPayloadBytes, 1024, 25 << 20)
        .Between(nameof(options.MaxBatchBytes), options.MaxBatchBytes, 64 << 10, 64 << 20)
        .Between(nameof(options.MaxDeliverAhead), options.MaxDeliverAhead, TimeSpan.Zero, TimeSpan.FromDays(366))
        .Between(nameof(options.IdempotencyWindow), options.IdempotencyWindow, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30))
        .Between(nameof(options.MaxWaiting), options.MaxWaiting, 1, 1_000_000)
        .Result;
}

internal sealed class DeliveryOptionsRules : IValidateOptions<DeliveryOptions>
{
    public ValidateOptionsResult Validate(string? name, DeliveryOptions options) => new OptionsCheck("Delivery")
        .That(nameof(options.RetrySchedule), options.RetrySchedule.Count <= 20 && options.RetrySchedule.All(delay => delay <= TimeSpan.FromDays(30)),
            "must have at most 20 entries of at most 30 days")
        .Between(nameof(options.Jitter), options.Jitter, 0, 0.5)
        .Between(nameof(options.ConnectTimeout), options.ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(60))
        .Between(nameof(options.Timeout), options.Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60))
        .Between(nameof(options.MaxResponseBytes), options.MaxResponseBytes, 0, 64 * 1024)
        .Between(nameof(options.MaxRetryAfter), options.MaxRetryAfter, TimeSpan.Zero, TimeSpan.FromDays(30))
        .That(nameof(options.EventSource), IsReference(options.EventSource), "must be a URI reference like urn:example:shop, without spaces")
        .Between(nameof(options.MaxConcurrency), options.MaxConcurrency, 1, 65_536)
        .Between(nameof(options.EndpointConcurrency), options.EndpointConcurrency, 1, 1024)
        .Between(nameof(options.BreakerThreshold), options.BreakerThreshold, 1, 1000)
        .Between(nameof(options.BreakerMinPause), options.BreakerMinPause, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1))
        .Between(nameof(options.BreakerMaxPause), options.BreakerMaxPause, options.BreakerMinPause, TimeSpan.FromHours(24))
        .Between(nameof(options.DisableAfter), options.DisableAfter, TimeSpan.FromMinutes(1), TimeSpan.FromDays(366))
        .Between(nameof(options.LaneWindow), options.LaneWindow, 1, 100_000)
        .Between(nameof(options.LaneWindowBytes), options.LaneWindowBytes, 64L << 10, 1L << 30)
        .Between(nameof(options.WindowBytes), options.WindowBytes, options.LaneWindowBytes, 16L << 30)
        .Between(nameof(options.LaneLinger), options.LaneLinger, TimeSpan.Zero, TimeSpan.FromHours(1))
        .Between(nameof(options.ShutdownGrace), options.ShutdownGrace, TimeSpan.Zero, TimeSpan.FromMinutes(10))
        .Result;

    private static bool IsReference(string text) =>
        text.Length is > 0 and <= 256 && !text.AsSpan().ContainsAnyExceptInRange('!', '~') && Uri.IsWellFormedUriString(text, UriKind.RelativeOrAbsolute);
}

internal sealed class NetworkOptionsRules : IValidateOptions<NetworkOptions>
{
    public ValidateOptionsResult Validate(string? name, NetworkOptions options) => new OptionsCheck("Network")
        .That(nameof(options.Proxy), options.Proxy is null || EgressProxy.TryParse(options.Proxy, out _),
            "must be an address with a port, like http://proxy:3128 or socks5://proxy:1080, with http, socks4a or socks5")
        .That(nameof(options.NoProxy), options.NoProxy.All(entry => entry.Trim('*', '.').Length > 0 && !entry.Contains("://", StringComparison.Ordinal)),
            "must have names, addresses or networks, like internal.example or 10.0.0.0/8")
        .Result;
}

internal sealed class NodeOptionsRules(StoreKind store) : IValidateOptions<NodeOptions>
{
    public ValidateOptionsResult Validate(string? name, NodeOptions options) => new OptionsCheck("Node")
        .That(nameof(options.Roles), store != StoreKind.Sqlite || options.Roles == Storage.NodeRoles.All,
            "must be left as it is with the embedded store: its only process does everything")
        .Between(nameof(options.Heartbeat), options.Heartbeat, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1))
        .That(nameof(options.ExpelAfter), options.ExpelAfter >= 2 * options.Heartbeat && options.ExpelAfter <= TimeSpan.FromMinutes(10),
            "must be at least twice Node:Heartbeat, so that one late heartbeat costs nothing, and at most 10m")
        .Between(nameof(options.Sweep), options.Sweep, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10))
        .Result;
}

internal sealed class RetentionOptionsRules : IValidateOptions<RetentionOptions>
{
    public ValidateOptionsResult Validate(string? name, RetentionOptions options) => new OptionsCheck("Retention")
        .Between(nameof(options.Messages), options.Messages, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3660))
        .That(nameof(options.Payloads), IsPart(options.Payloads, options), PartRule)
        .That(nameof(options.Attempts), IsPart(options.Attempts, options), PartRule)
        .Between(nameof(options.AuditLog), options.AuditLog, TimeSpan.FromDays(1), TimeSpan.FromDays(3660))
        .Between(nameof(options.Interval), options.Interval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1))
        .Result;

    private const string PartRule = "must be at least 1m and no longer than Retention:Messages, with which all of a message goes";

    private static bool IsPart(TimeSpan? age, RetentionOptions options) => age is null || (age >= TimeSpan.FromMinutes(1) && age <= options.Messages);
}

internal sealed class InboxOptionsRules : IValidateOptions<InboxOptions>
{
    public ValidateOptionsResult Validate(string? name, InboxOptions options) => new OptionsCheck("Inbox")
        .Between(nameof(options.MaxInboxes), options.MaxInboxes, 1, 1000)
        .Between(nameof(options.KeepRequests), options.KeepRequests, 1, 1000)
        .Between(nameof(options.MaxBodyBytes), options.MaxBodyBytes, 1 << 10, 4 << 20)
        .Result;
}

internal sealed class HealthOptionsRules : IValidateOptions<HealthOptions>
{
    public ValidateOptionsResult Validate(string? name, HealthOptions options) => new OptionsCheck("Health")
        .Between(nameof(options.MinFreeDiskBytes), options.MinFreeDiskBytes, 0, long.MaxValue)
        .Result;
}

internal sealed class AlertOptionsRules : IValidateOptions<AlertOptions>
{
    public ValidateOptionsResult Validate(string? name, AlertOptions options) => new OptionsCheck("Alerts")
        .Between(nameof(options.EndpointFailingFor), options.EndpointFailingFor, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30))
        .Between(nameof(options.BacklogAge), options.BacklogAge, TimeSpan.FromSeconds(10), TimeSpan.FromDays(30))
        .Between(nameof(options.RepeatAfter), options.RepeatAfter, TimeSpan.FromMinutes(10), TimeSpan.FromDays(30))
        .Result;
}

internal sealed class MailOptionsRules : IValidateOptions<MailOptions>
{
    public ValidateOptionsResult Validate(string? name, MailOptions options)
    {
        var isOn = options.Host is { Length: > 0 };
        return new OptionsCheck("Mail")
            .Between(nameof(options.Port), options.Port, 1, 65535)
            .That(nameof(options.From), !isOn || IsAddress(options.From), "must be an address like grapnel@example.com, because Mail:Host is set")
            .That(nameof(options.To), !isOn || (options.To.Count > 0 && options.To.All(IsAddress)), "must be addresses with commas, because Mail:Host is set")
            .That(nameof(options.UserName), options.Tls != MailTls.None || options.UserName is null or "", "must not be set where Mail:Tls is None: the password would be sent in the clear")
            .Result;
    }

    private static bool IsAddress(string? text) => text is not null && MimeKit.MailboxAddress.TryParse(text, out var address) && address.Address.Contains('@', StringComparison.Ordinal);
}

internal sealed class TelemetryOptionsRules : IValidateOptions<TelemetryOptions>
{
    public ValidateOptionsResult Validate(string? name, TelemetryOptions options) => new OptionsCheck("Telemetry")
        .That(nameof(options.OtlpEndpoint), options.OtlpEndpoint is null or "" || OptionsCheck.IsHttpAddress(options.OtlpEndpoint), "must be an address like http://collector:4317")
        .Between(nameof(options.SampleRatio), options.SampleRatio, 0, 1)
        .Result;
}

internal sealed class SqliteStoreOptionsRules : IValidateOptions<SqliteStoreOptions>
{
    public ValidateOptionsResult Validate(string? name, SqliteStoreOptions options) => new OptionsCheck("Store")
        .That(nameof(options.Data), options.Data.Trim().Length > 0, "must name a folder")
        .Result;
}

internal sealed class PostgresStoreOptionsRules(StoreKind store) : IValidateOptions<PostgresStoreOptions>
{
    public ValidateOptionsResult Validate(string? name, PostgresStoreOptions options) => new OptionsCheck("Postgres")
        .That(nameof(options.ConnectionString), store != StoreKind.Postgres || IsConnectionString(options.ConnectionString),
            "must be a connection string like Host=db;Database=grapnel;Username=grapnel;Password=…, because Store is Postgres")
        .Between(nameof(options.MaxConnections), options.MaxConnections, 5, 500)
        .Between(nameof(options.Timeout), options.Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1))
        .Between(nameof(options.HistoryPartition), options.HistoryPartition, TimeSpan.FromHours(1), TimeSpan.FromDays(31))
        .Result;

    private static bool IsConnectionString(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text).Host is { Length: > 0 };
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

internal sealed class RedisQueueOptionsRules(QueueKind queue) : IValidateOptions<RedisQueueOptions>
{
    public ValidateOptionsResult Validate(string? name, RedisQueueOptions options) => new OptionsCheck("Redis")
        .That(nameof(options.ConnectionString), queue != QueueKind.Redis || options.ConnectionString.Trim().Length > 0,
            "must name a server, like redis:6379, because Queue is Redis")
        .That(nameof(options.KeyPrefix), options.KeyPrefix.Length > 0 && options.KeyPrefix.IndexOfAny(['{', '}']) < 0, "must have a character, and no braces")
        .Between(nameof(options.Timeout), options.Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30))
        .Result;
}
