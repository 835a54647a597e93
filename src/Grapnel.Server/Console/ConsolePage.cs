using Grapnel.History;
using Microsoft.AspNetCore.Components;

namespace Grapnel.Server.Console;

/// <summary>
/// A page that shows what it reads. It reads before it is first drawn, so that a page never flickers from empty to full where reading is quick, and
/// draws its skeleton where it is not. A live page reads again when something changed, at most four times a second. When reading fails it keeps
/// what it had, and says from when that is.
/// </summary>
public abstract class ConsolePage : ComponentBase, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _gone = new();
    private bool _listening;
    private Task _reading = Task.CompletedTask;

    [Inject]
    private protected Viewer Viewer { get; set; } = default!;

    [Inject]
    private protected Acts Acts { get; set; } = default!;

    [Inject]
    private protected NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private protected TimeProvider Time { get; set; } = default!;

    [Inject]
    private ChangeSignal Changes { get; set; } = default!;

    [Inject]
    private ILogger<ConsolePage> Logger { get; set; } = default!;

    /// <summary>Whether there is something to show.</summary>
    public bool IsLoaded { get; private set; }

    /// <summary>Why there is nothing to show and never will be; null otherwise.</summary>
    public string? Missing { get; private set; }

    /// <summary>From when what is shown is, while reading fails; null while it is current.</summary>
    public DateTimeOffset? AsOf { get; private set; }

    /// <summary>Ends when the page is left.</summary>
    protected CancellationToken Gone => _gone.Token;

    /// <summary>Whether the page reads again when something changed.</summary>
    protected virtual bool IsLive => false;

    /// <summary>The least time between two readings of a live page.</summary>
    protected virtual TimeSpan Interval => ChangeSignal.DefaultInterval;

    /// <summary>How often a live page reads even when this node knows of no change, because it shows what passes by itself; null for never.</summary>
    protected virtual TimeSpan? AtLeastEvery => null;

    /// <summary>What tells a live page of changes; those of messages, deliveries and lanes, unless a page listens to others.</summary>
    private protected virtual ChangeSignal Signal => Changes;

    /// <summary>Reads what the page shows, for the parameters it has. Called again whenever they change.</summary>
    /// <exception cref="NotFoundException">What the page is about is not there.</exception>
    protected abstract Task LoadAsync();

    /// <inheritdoc/>
    public sealed override async Task SetParametersAsync(ParameterView parameters)
    {
        parameters.SetParameterProperties(this);
        // Before the first reading, or what changes between the two would never be shown.
        var changes = IsLive && RendererInfo.IsInteractive && !_listening ? Signal.Listen(Interval) : null;
        var reading = ReadAsync();
        if (!reading.IsCompleted)
            await Task.WhenAny(reading, Task.Delay(Patience, Time));
        await base.SetParametersAsync(ParameterView.Empty);
        if (!reading.IsCompletedSuccessfully)
        {
            await reading;
            StateHasChanged();
        }
        if (changes is not null && !_listening)
        {
            _listening = true;
            _ = ListenAsync(changes);
        }
    }

    /// <summary>Reads and draws again, for example after an act.</summary>
    protected async Task RefreshAsync()
    {
        await ReadAsync();
        StateHasChanged();
    }

    /// <summary>Ends what the page does in the background.</summary>
    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
        OnGone();
        GC.SuppressFinalize(this);
    }

    /// <summary>Called when the page is left.</summary>
    protected virtual void OnGone()
    {
    }

    // One after the other: of two at once the one that began first could end last, and what it had seen would stay on the page.
    private Task ReadAsync() => _reading = ReadAfterAsync(_reading);

    private async Task ReadAfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        try
        {
            await LoadAsync();
            (IsLoaded, Missing, AsOf) = (true, null, null);
        }
        catch (NotFoundException missing)
        {
            Missing = missing.Message;
        }
        catch (Exception error) when (error is StoreUnavailableException && IsLoaded)
        {
            AsOf ??= Time.GetUtcNow();
        }
    }

    private async Task ListenAsync(ChangeListener changes)
    {
        var gone = Gone;
        var change = changes.WaitAsync(gone);
        while (!gone.IsCancellationRequested)
        {
            try
            {
                await (AtLeastEvery is { } period ? Task.WhenAny(change, Task.Delay(period, Time, gone)) : change);
                if (change.IsCompleted)
                    change = changes.WaitAsync(gone);
                await InvokeAsync(RefreshAsync);
                if (AsOf is not null)
                    await Task.Delay(TryAgain, Time, gone);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException && gone.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                Log.ReadingFailed(Logger, error, GetType().Name);
                await Task.Delay(TryAgain, Time, CancellationToken.None);
            }
        }
    }
}

internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "The page {Page} could not read what it shows")]
    public static partial void ReadingFailed(ILogger logger, Exception error, string page);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Whether a portal's link still holds could not be looked up; it is tried again")]
    public static partial void PortalNotChecked(ILogger logger, Exception error);
}
