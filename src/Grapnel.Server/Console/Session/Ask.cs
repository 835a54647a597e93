using Grapnel.Server.Console.Shared;
using MudBlazor;

namespace Grapnel.Server.Console;

/// <summary>Asks before something is done that cannot be undone.</summary>
internal sealed class Ask(IDialogService dialogs)
{
    /// <summary>True when the person confirmed.</summary>
    /// <param name="title">The question.</param>
    /// <param name="button">What the button says: the act, in a verb.</param>
    /// <param name="lines">What will happen, in numbers.</param>
    /// <param name="word">The name to type first, where much would be lost; or null.</param>
    public async Task<bool> Async(string title, string button, IReadOnlyList<string> lines, string? word = null) =>
        await WithChoiceAsync(title, button, lines, word, choice: null) is not null;

    /// <summary>The same with something that may be done as well: whether the person wants that, or null when nothing is to be done.</summary>
    public async Task<bool?> WithChoiceAsync(string title, string button, IReadOnlyList<string> lines, string? word, string? choice)
    {
        var parameters = new DialogParameters<AskDialog>
        {
            { dialog => dialog.Lines, lines }, { dialog => dialog.Button, button }, { dialog => dialog.Word, word }, { dialog => dialog.Choice, choice },
        };
        var dialog = await dialogs.ShowAsync<AskDialog>(title, parameters);
        return await dialog.Result is { Canceled: false } result ? result.Data is true : null;
    }
}
