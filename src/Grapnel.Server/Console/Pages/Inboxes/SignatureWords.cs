using Grapnel.Server.Console.Shared;
using Grapnel.Server.Inboxes;
using MudBlazor;

namespace Grapnel.Server.Console.Pages.Inboxes;

/// <summary>What a signature check came to: word, icon and meaning.</summary>
internal static class SignatureWords
{
    /// <summary>What all steps together came to.</summary>
    public static string Verdict(StepOutcome outcome) => outcome switch
    {
        StepOutcome.Passed => "Signature verified",
        StepOutcome.Failed => "Must be refused",
        _ => "Not checked",
    };

    /// <summary>What one step came to.</summary>
    public static string Step(StepOutcome outcome) => outcome switch
    {
        StepOutcome.Passed => "Passed",
        StepOutcome.Failed => "Failed",
        _ => "Skipped",
    };

    /// <summary>The meaning, for the colour.</summary>
    public static StateKind KindOf(StepOutcome outcome) => outcome switch
    {
        StepOutcome.Passed => StateKind.Good,
        StepOutcome.Failed => StateKind.Bad,
        _ => StateKind.Calm,
    };

    /// <summary>Another icon than that of the meaning, or null: what was skipped is not paused.</summary>
    public static string? IconOf(StepOutcome outcome) => outcome == StepOutcome.Skipped ? Icons.Material.Outlined.RemoveCircleOutline : null;
}
