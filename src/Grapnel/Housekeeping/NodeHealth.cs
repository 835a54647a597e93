using Grapnel.Dispatching;
using Grapnel.Publishing;
using Grapnel.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Housekeeping;

/// <summary>
/// Tells how this node does, by trying, and by what it met when it last worked: a store may well answer and take nothing that is written. Looks by itself
/// now and then, for those who only want to know how it was.
/// </summary>
internal sealed partial class NodeHealth : BackgroundService
{
    /// <summary>How often it looks by itself.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RecentFailure = TimeSpan.FromSeconds(10);

    // Of a commit: pages of indexes and of the log, beside the message itself.
    private const long CommitBytes = 1 << 20;

    private readonly Engine _engine;
    private readonly NodeKeeper _nodes;
    private readonly Dispatcher _dispatcher;
    private readonly Acceptor _acceptor;
    private readonly IDeliveryStore _store;
    private readonly ICatalogStore _catalog;
    private readonly TimeProvider _time;
    private readonly NodeRoles _roles;
    private readonly HealthOptions _options;
    private readonly long _fullBytes;
    private readonly ILogger<NodeHealth> _logger;
    private readonly IQueueProbe? _queue;
    private readonly DataFolder? _folder;
    private volatile HealthReport _last;
    private int _looks;

    public NodeHealth(
        Engine engine, NodeKeeper nodes, Dispatcher dispatcher, Acceptor acceptor, IDeliveryStore store, ICatalogStore catalog, GrapnelMetrics metrics, TimeProvider time,
        IOptions<NodeOptions> node, IOptions<PublishingOptions> publishing, IOptions<HealthOptions> options, ILogger<NodeHealth> logger,
        IQueueProbe? queue = null, DataFolder? folder = null)
    {
        _engine = engine;
        _nodes = nodes;
        _dispatcher = dispatcher;
        _acceptor = acceptor;
        _store = store;
        _catalog = catalog;
        _time = time;
        _roles = node.Value.Roles;
        _options = options.Value;
        _fullBytes = publishing.Value.MaxPayloadBytes + CommitBytes;
        _logger = logger;
        _queue = queue;
        _folder = folder;
        _last = Judge(store: true, queue is null ? null : true);
        metrics.Observe(() => _last);
    }

    /// <summary>How it was when it was last looked at, not long ago.</summary>
    public HealthReport Last => _last;

    /// <summary>Looks now; takes no longer than two seconds.</summary>
    public async Task<HealthReport> LookAsync(CancellationToken cancellationToken)
    {
        var store = AnswersAsync(() => _catalog.NextScheduleAtAsync(cancellationToken), cancellationToken);
        var queue = _queue is null ? null : AnswersAsync(_queue.AnswerAsync, cancellationToken);
        return Judge(await store.ConfigureAwait(false), queue is null ? null : await queue.ConfigureAwait(false));
    }

    private HealthReport Judge(bool store, bool? queue)
    {
        // While the engine does not run there is no heartbeat to go by.
        var writes = !_engine.IsRunning || (_nodes.IsBeating && !_acceptor.HasFailedWithin(RecentFailure));
        var sends = !_roles.HasFlag(NodeRoles.Dispatch) || (_dispatcher.MaySend && queue is not false);
        return new HealthReport(
            store && writes, queue, _engine.IsRunning && sends, LookAtDisk(), (_roles & (NodeRoles.Api | NodeRoles.Console)) != 0, _engine.IsRunning)
        {
            Nodes = _last?.Nodes ?? 0,
        };
    }

    private DiskReport? LookAtDisk()
    {
        if (_folder is null || FreeBytes(_folder.Path) is not { } free)
            return null;
        return new DiskReport(free, free < _options.MinFreeDiskBytes, free < _fullBytes);
    }

    private static long? FreeBytes(string folder)
    {
        try
        {
            var path = Path.GetFullPath(folder);
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(path)! : path).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private async Task<bool> AnswersAsync(Func<Task> ask, CancellationToken cancellationToken)
    {
        try
        {
            await ask().WaitAsync(AnswerLimit, _time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Without the period, which would leave people with what was so before the engine ran.
        try
        {
            await WatchAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            LogFailed(_logger, e);
        }
        await Periodic.RunAsync(Period, _time, WatchAsync, e => LogFailed(_logger, e), stoppingToken).ConfigureAwait(false);
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var report = await LookAsync(cancellationToken).ConfigureAwait(false);
        // Their lanes are counted with them, so not every time.
        if (report.Store && _looks++ % 3 == 0)
            report = report with { Nodes = (await _store.ReadNodesAsync(cancellationToken).ConfigureAwait(false)).Count };
        Tell(_last, report);
        _last = report;
    }

    private void Tell(HealthReport before, HealthReport now)
    {
        if (now.Disk is { IsLow: true } low && before.Disk is not { IsLow: true })
            LogDiskLow(_logger, low.FreeBytes >> 20, _folder!.Path);
        else if (now.Disk is { IsLow: false } && before.Disk is { IsLow: true })
            LogDiskRoom(_logger, now.Disk.FreeBytes >> 20, _folder!.Path);
    }

    [LoggerMessage(EventId = 360, Level = LogLevel.Warning, Message = "The disk of {Folder} runs low: {MiB} MiB are free. When none are, messages are refused.")]
    private static partial void LogDiskLow(ILogger logger, long miB, string folder);

    [LoggerMessage(EventId = 361, Level = LogLevel.Information, Message = "The disk of {Folder} has room again: {MiB} MiB are free")]
    private static partial void LogDiskRoom(ILogger logger, long miB, string folder);

    [LoggerMessage(EventId = 362, Level = LogLevel.Error, Message = "Looking at how this node does failed; it is tried again soon")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
