namespace Grapnel.Server.Commands.Examinations;

/// <summary>How bad a finding is.</summary>
internal enum Severity
{
    /// <summary>As it should be.</summary>
    Fine,

    /// <summary>It works, and somebody should look at it.</summary>
    Warning,

    /// <summary>It does not work, or will not for long.</summary>
    Fault,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Area">What it is about: settings, store, keys, redis, lanes, clock, disk, limits, server, endpoint.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Text">What was found, in a sentence.</param>
/// <param name="Remedy">What to do, in a sentence; null where nothing is to be done.</param>
internal sealed record Finding(string Area, Severity Severity, string Text, string? Remedy = null)
{
    public static Finding Fine(string area, string text) => new(area, Severity.Fine, text);

    public static Finding Warning(string area, string text, string remedy) => new(area, Severity.Warning, text, remedy);

    public static Finding Fault(string area, string text, string remedy) => new(area, Severity.Fault, text, remedy);
}
