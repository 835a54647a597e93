namespace Grapnel.Server.Console;

/// <summary>The console.</summary>
internal sealed class ConsoleOptions
{
    /// <summary>Whether there is a console at all. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The name of an administrator who is made at the start when there is no user yet. Default none: the start tells a one-time code instead.</summary>
    public string? AdminName { get; set; }

    /// <summary>The password of that administrator, 10 to 256 characters. Has no effect once there is a user. Default none.</summary>
    public string? AdminPassword { get; set; }

    /// <summary>How long a sign-in lasts while nobody uses it; 5m to 90d. Default 7d.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromDays(7);
}
