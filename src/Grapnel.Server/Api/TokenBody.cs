using System.Buffers;
using Grapnel.Registry;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Api;

/// <summary>The bodies of the routes for application tokens, with the limits that Svix gave their fields.</summary>
internal static class TokenBody
{
    /// <summary>The longest that a token may hold, and how long it holds unless somebody says otherwise.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(7);

    private const int MinLifetimeSeconds = 3_600;
    private const int MaxDelaySeconds = 259_200;
    private const int MaxFlags = 25;
    private const int MaxSessions = 1_000;
    private const int MaxSessionLength = 64;

    private static readonly SearchValues<char> SessionCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@_-");

    public static TokenGrant ReadGrant(JsonBody body)
    {
        var seconds = body.Whole(null, "expiry");
        var grant = new TokenGrant
        {
            Lifetime = seconds is { } lifetime ? TimeSpan.FromSeconds(lifetime) : MaxLifetime,
            FeatureFlags = body.Texts(null, "featureFlags") ?? [],
            Session = body.Text(null, "sessionId"),
            Capabilities = body.Flag(false, "readOnly") ? RightsNames.ReadOnly : body.Texts(null, "capabilities"),
        };
        body.ThrowIfAnyFault();
        Check(grant, seconds);
        return grant;
    }

    public static (TimeSpan Delay, IReadOnlyList<string> Sessions) ReadExpiry(JsonBody body)
    {
        var seconds = body.Whole(null, "expiry") ?? 0;
        var sessions = body.Texts(null, "sessionIds") ?? [];
        body.ThrowIfAnyFault();
        var check = new InputCheck();
        check.Range("expiry", seconds, 0, MaxDelaySeconds);
        AtMost(check, "sessionIds", sessions.Count, MaxSessions);
        foreach (var (index, session) in sessions.Index())
            Session(check, $"sessionIds.{index}", session);
        check.ThrowIfAny();
        return (TimeSpan.FromSeconds(seconds), sessions);
    }

    private static void Check(TokenGrant grant, int? seconds)
    {
        var check = new InputCheck();
        check.Range("expiry", seconds, MinLifetimeSeconds, (int)MaxLifetime.TotalSeconds);
        AtMost(check, "featureFlags", grant.FeatureFlags.Count, MaxFlags);
        foreach (var (index, flag) in grant.FeatureFlags.Index())
            check.Key($"featureFlags.{index}", flag);
        foreach (var (index, capability) in (grant.Capabilities ?? []).Index())
            if (!RightsNames.AllCapabilities.Contains(capability))
                check.Add($"capabilities.{index}", "must be one of " + string.Join(", ", RightsNames.AllCapabilities));
        if (grant.Session is not null)
            Session(check, "sessionId", grant.Session);
        check.ThrowIfAny();
    }

    private static void AtMost(InputCheck check, string field, int count, int most) =>
        check.Add(field, count > most ? $"must have at most {most} entries" : null);

    private static void Session(InputCheck check, string field, string session) =>
        check.Add(field, session.Length is >= 1 and <= MaxSessionLength && !session.AsSpan().ContainsAnyExcept(SessionCharacters)
            ? null
            : $"must have 1 to {MaxSessionLength} characters out of letters, digits, '@', '_' and '-'");
}
