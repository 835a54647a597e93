namespace Grapnel.Server.Console.Shared;

/// <summary>The four meanings that a colour has in the console, and one for none.</summary>
public enum StateKind
{
    /// <summary>Says nothing of good or bad.</summary>
    Neutral,

    /// <summary>Delivered, healthy.</summary>
    Good,

    /// <summary>Waiting or being retried.</summary>
    Waiting,

    /// <summary>Failing.</summary>
    Bad,

    /// <summary>Paused, disabled, filtered out, cancelled.</summary>
    Calm,
}
