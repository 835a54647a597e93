namespace Grapnel.Server.Inboxes;

/// <summary>One step of verifying a signature, as a receiver does it.</summary>
/// <param name="Title">What is looked at, in a few words.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Sentence">The same, in one plain sentence or two.</param>
public sealed record SignatureStep(string Title, StepOutcome Outcome, string Sentence)
{
    /// <summary>What was looked at, for a fixed-width face, shortened; or null. Parts of it are the sender's own words.</summary>
    public string? Detail { get; init; }

    /// <summary>The signature that the secret makes, shortened; or null.</summary>
    public string? Expected { get; init; }

    /// <summary>The signatures that came, shortened; or null. The sender's own words.</summary>
    public string? Got { get; init; }
}

/// <summary>What came of a step.</summary>
public enum StepOutcome
{
    /// <summary>As it should be.</summary>
    Passed,

    /// <summary>A receiver must refuse the request for it.</summary>
    Failed,

    /// <summary>There was nothing to look at, or no need to.</summary>
    Skipped,
}
