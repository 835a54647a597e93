using Grapnel.Storage;

namespace Grapnel.Dispatching;

internal sealed partial class Dispatcher
{
    private const long MinReadBytes = 64 << 10;

    private void BeginRead(Lane lane, long now)
    {
        if (_reads >= MaxReads)
        {
            if (!lane.WaitsToRead)
                _toRead.Enqueue(lane);
            lane.WaitsToRead = true;
            return;
        }
        _reads++;
        // What one page may bring is set aside now, so that many lanes reading at once stay within the limit together. A lane
        // that gets next to nothing still gets one delivery: it moves, if slowly.
        var free = _budget.Free;
        var bytes = free < MinReadBytes ? 1 : Math.Min(_options.LaneWindowBytes, Math.Max(MinReadBytes, free / 4));
        _budget.Used += bytes;
        var read = lane.BeginRead(now, bytes);
        ThreadPool.UnsafeQueueUserWorkItem(static work => _ = work.Dispatcher.ReadAsync(work.Lane, work.Read, work.Bytes),
            (Dispatcher: this, Lane: lane, Read: read, Bytes: bytes), preferLocal: false);
    }

    private async Task ReadAsync(Lane lane, LaneRead read, long reserved)
    {
        LanePage? page = null;
        try
        {
            page = await _store.ReadLaneAsync(read, _abandon.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            LogReadFailed(_logger, e, lane.Endpoint.Id);
        }
        var now = _clock.NowMs;
        lock (_lock)
        {
            _reads--;
            _budget.Used -= reserved;
            lane.EndRead(page, now);
            Ready(lane);
            Pump(now);
            // One at a time: a lane that waited may have no use for its turn any more, and thousands may be waiting.
            while (_reads < MaxReads && _toRead.TryDequeue(out var next))
            {
                next.WaitsToRead = false;
                Ready(next);
                Pump(now);
            }
        }
    }
}
