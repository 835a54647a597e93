using Grapnel.Registry;
using Grapnel.Server.Auth;
using MudBlazor;

namespace Grapnel.Server.Console;

/// <summary>Runs what people ask for: checks that they may, and tells in a sentence what came of it. A page never falls over because an act failed.</summary>
internal sealed partial class Acts(Viewer viewer, PortalSession portal, ISnackbar snackbar, ILogger<Acts> logger)
{
    /// <summary>Runs an act and tells its outcome in a corner of the page. True when it was done.</summary>
    /// <param name="right">What the person must be allowed to do.</param>
    /// <param name="act">The act.</param>
    /// <param name="done">What to say when it was done; null for nothing.</param>
    public async Task<bool> RunAsync(Rights right, Func<Task> act, string? done = null)
    {
        var failure = await TryAsync(right, act);
        if (failure is not null)
            snackbar.Add(failure, Severity.Error);
        else if (done is not null)
            snackbar.Add(done, Severity.Normal);
        return failure is null;
    }

    /// <summary>Runs an act of a form: what is wrong with its fields is told beside them. True when it was done.</summary>
    public async Task<bool> RunAsync(Rights right, FormFaults faults, Func<Task> act, string? done = null)
    {
        faults.Clear();
        try
        {
            return await RunAsync(right, async () =>
            {
                try
                {
                    await act();
                }
                catch (InvalidInputException invalid)
                {
                    faults.Take(invalid);
                }
            }, null) && !faults.Any && Told(done);
        }
        finally
        {
            faults.Show();
        }
    }

    private bool Told(string? done)
    {
        if (done is not null)
            snackbar.Add(done, Severity.Normal);
        return true;
    }

    private async Task<string?> TryAsync(Rights right, Func<Task> act)
    {
        try
        {
            // The page may have been open for longer than its link holds.
            if (viewer.IsPortal && !await portal.CheckAsync(viewer, CancellationToken.None))
                return "The link to this page no longer holds. Nothing was done.";
            if (!viewer.May(right))
                return viewer.IsPortal ? "This link does not allow that." : "You may not do this. Ask an administrator for a role that may.";
            await act();
            return null;
        }
        catch (Exception error) when (Explain(error) is { } sentence)
        {
            return sentence;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogFailed(error);
            return "Something went wrong in the server; its log says what. Nothing more was done.";
        }
    }

    private static string? Explain(Exception error) => error switch
    {
        InvalidInputException invalid => string.Join(" ", invalid.Errors.Select(fault => $"{fault.Field}: {fault.Message}")),
        NotFoundException or ConflictException or InvalidRequestException or LimitReachedException => error.Message,
        StoreUnavailableException => "The store cannot take writes just now; nothing was changed. Try again.",
        _ => null,
    };

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "An act in the console failed")]
    private partial void LogFailed(Exception error);
}
