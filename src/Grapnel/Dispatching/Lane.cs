using Grapnel.Sending;
using Grapnel.Storage;

namespace Grapnel.Dispatching;

/// <summary>
/// All pending deliveries of one endpoint, as their owner sees them: a window of those to send next, and what is known of the rest in the
/// store. Order, concurrency, rate limit, breaker and back-off are plain fields here, because a lane has one owner; the dispatcher's lock
/// guards every member.
/// </summary>
internal sealed class Lane : Sleeper
{
    private const long ReadPauseMs = 1000;
    private const long QuickMs = 1000;

    private readonly DeliveryOptions _options;
    private readonly WindowBudget _budget;
    private readonly Queue<Delivery> _window = new();
    private readonly HashSet<long> _held = [];
    private readonly Queue<Delivery> _offeredWhileReading = new();
    private TokenBucket? _bucket;
    private long _afterSeq = -1;
    private long _highestSeq = -1;
    private long? _nextDueAt;
    private long _throttledUntil;
    private bool _more = true;
    private bool _missedWhileReading;
    private bool _droppedWhileReading;
    private long _rereadFrom = long.MaxValue;
    private HashSet<long>? _forgottenWhileReading;
    private long _readAgainAt;
    private long _askedThrottleAt = long.MinValue;
    private long _quickAt = long.MinValue;
    private long _heldBytes;
    private bool _healthKnown;
    private bool _pauseKnown;

    public Lane(Endpoint endpoint, PreparedEndpoint prepared, DeliveryOptions options, WindowBudget budget, bool isShared, long now)
    {
        IsShared = isShared;
        _options = options;
        _budget = budget;
        Breaker = new Breaker(options);
        Endpoint = endpoint;
        Prepared = prepared;
        _bucket = BucketOf(endpoint, now);
    }

    public Endpoint Endpoint { get; private set; }

    public PreparedEndpoint Prepared { get; private set; }

    public Breaker Breaker { get; }

    /// <summary>False between the wish to give the lane back and the store's answer, after which the lane is forgotten.</summary>
    public bool Owned { get; set; } = true;

    /// <summary>The node under which the lane is owned: what it sent is recorded in that name, or not at all.</summary>
    public Id<Node> Node { get; init; }

    /// <summary>Whether other nodes accept messages for this lane, too.</summary>
    public bool IsShared { get; }

    /// <summary>Whether the lane is about to be handed to another node: it starts nothing more.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>Whether nothing is in flight, being read, or waits to be settled.</summary>
    public bool IsDrained => InFlight == 0 && !Unsettled && !Reading;

    /// <summary>Whether the lane waits for something to come, or to come due.</summary>
    public bool IsResting => IsDrained && _window.Count == 0 && !_more;

    /// <summary>When the lane last looked through the store from the beginning.</summary>
    public long LookedAt { get; set; }

    public bool Deleted { get; private set; }

    /// <summary>Whether a person has it paused. Told by the first read of the store, before which nothing is sent.</summary>
    public bool Paused { get; private set; }

    public bool Reading { get; private set; }

    public int InFlight { get; private set; }

    /// <summary>When the failures began that no success has followed, in schedule time; null when the last attempt succeeded.</summary>
    public long? FailingSince { get; private set; }

    /// <summary>The limit of the application, which other lanes share; null without one.</summary>
    public ApplicationThrottle? Throttle { get; set; }

    /// <summary>Whether the lane stands in line for a token of its application.</summary>
    public bool InLine { get; set; }

    /// <summary>Whether a token of its application is meant for this lane.</summary>
    public bool IsCalled { get; set; }

    /// <summary>Whether the lane needs tokens of its application, or did at some time since the given one.</summary>
    public bool NeedsThrottle(long since) => !IsLeaving && (InLine || _askedThrottleAt >= since);

    /// <summary>Whether the lane stands in the dispatcher's round.</summary>
    public bool InRound { get; set; }

    /// <summary>Whether the lane stands aside until attempts are no longer scarce.</summary>
    public bool IsAside { get; set; }

    /// <summary>Whether the lane stands in line for a read of the store.</summary>
    public bool WaitsToRead { get; set; }

    /// <summary>Since when there has been nothing to do, or null.</summary>
    public long? IdleSince { get; set; }

    /// <summary>Whether an attempt of the delivery at this place is in flight, or has ended and is not durable yet.</summary>
    public bool IsSending(long seq) => _held.Contains(seq) && !_window.Any(delivery => delivery.Seq == seq);

    public bool RateLimited(long now) => InLine || (_window.Count > 0 && _bucket is { } bucket && bucket.NextTokenAtMs > now);

    public long PausedUntil => Math.Max(_throttledUntil, Breaker.OpenUntilMs);

    public EndpointHealth Health => new(
        Endpoint.Id, FailingSince is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null, Breaker.Failures, PausedUntil);

    /// <summary>Whether as many attempts are in flight as may be.</summary>
    public bool IsFull => InFlight >= Breaker.Allowance(Limit);

    private int Limit => Endpoint.Ordered ? 1 : Endpoint.MaxConcurrency ?? _options.EndpointConcurrency;

    private bool Unsettled => _held.Count > _window.Count;

    /// <summary>What the lane can do now. <see cref="LaneStepKind.Start"/> has taken a token of the rate limits: <see cref="Take"/> must follow.</summary>
    /// <param name="now">The present.</param>
    /// <param name="isScarce">Whether few attempts are left to all lanes together: those are for lanes that give them back soon.</param>
    public LaneStep Decide(long now, bool isScarce = false)
    {
        if (!Owned || IsLeaving || Deleted || !Endpoint.Enabled || Paused)
            return LaneStep.Blocked;
        if (now < PausedUntil)
            return LaneStep.WaitUntil(PausedUntil);
        // An ordered lane also waits for the settlement: after a crash nothing may be sent again behind its successor.
        if (IsFull || (Endpoint.Ordered && Unsettled))
            return LaneStep.Blocked;
        if (isScarce && InFlight > 0 && now - QuickMs > _quickAt)
            return LaneStep.Yield;
        if (_window.Count == 0 || (Endpoint.Ordered && _nextDueAt <= now))
            return Refill(now);
        if (Endpoint.Ordered && _window.Peek().DueAt > now)
            return LaneStep.WaitUntil(Math.Min(_window.Peek().DueAt, _nextDueAt ?? long.MaxValue));
        return TakeTokens(now);
    }

    // From both limits or from neither.
    private LaneStep TakeTokens(long now)
    {
        _askedThrottleAt = now;
        if (_bucket?.HasToken(now) == false)
            return LaneStep.WaitUntil(_bucket.NextTokenAtMs);
        if (Throttle?.Admits(this, now) == false)
            return LaneStep.Line;
        _bucket?.Take();
        Throttle?.Take();
        IsCalled = false;
        return LaneStep.Start;
    }

    private LaneStep Refill(long now)
    {
        if (Reading)
            return LaneStep.Blocked;
        if (_more || _nextDueAt <= now)
            return now < _readAgainAt ? LaneStep.WaitUntil(_readAgainAt) : LaneStep.Read;
        if (_nextDueAt is { } due)
            return LaneStep.WaitUntil(due);
        return _held.Count > 0 ? LaneStep.Blocked : LaneStep.Idle;
    }

    /// <summary>Whether to read ahead while there still is something to send.</summary>
    public bool WantsReadAhead(long now) =>
        !Reading && Owned && !Endpoint.Ordered && (_more || _nextDueAt <= now) && _window.Count <= _options.LaneWindow / 4 && Breaker.IsClosed;

    /// <summary>Takes the next delivery; <see cref="Decide"/> said <see cref="LaneStepKind.Start"/>.</summary>
    public Delivery Take(long now)
    {
        Breaker.TryEnter(now, InFlight, Limit);
        InFlight++;
        IdleSince = null;
        return _window.Dequeue();
    }

    /// <summary>Takes in a delivery that was just stored, or notes that the store has more.</summary>
    public void Offer(Delivery delivery, long now)
    {
        IdleSince = null;
        if (delivery.DueAt > now)
        {
            NoteDue(delivery.DueAt);
            return;
        }
        if (_held.Contains(delivery.Seq))
            return;
        if (delivery.Seq <= _afterSeq)
        {
            // Another node's came with a later place and was read before: only the store knows whether this one was, too.
            if (IsShared)
                Reread(delivery.Seq);
            return;
        }
        // In an ordered lane something older may have come from another node, of which this one has not been told yet. One that is not the highest so far
        // may have been read, sent and settled before it is offered here.
        var takes = HasRoom && !(IsShared && Endpoint.Ordered) && delivery.Seq > _highestSeq && Endpoint.Enabled && !Paused && Breaker.IsClosed;
        if (Reading)
            OfferWhileReading(delivery, takes);
        else if (takes && !_more)
            Hold(delivery);
        else
            _more = true;
    }

    // The page may have it, too, or end before it. After one that was missed there is a gap, which only the store can fill.
    private void OfferWhileReading(Delivery delivery, bool takes)
    {
        _missedWhileReading |= !takes;
        if (_missedWhileReading)
            return;
        _offeredWhileReading.Enqueue(delivery);
        Count(delivery, 1);
    }

    /// <summary>
    /// Notes that the store has deliveries from a place on that were never offered. A page that is being read may begin behind them: it is used all
    /// the same, and the next one begins with them.
    /// </summary>
    public void Reread(long firstSeq)
    {
        IdleSince = null;
        _afterSeq = Math.Min(_afterSeq, firstSeq - 1);
        _rereadFrom = Math.Min(_rereadFrom, firstSeq);
        _more = true;
    }

    private bool HasRoom =>
        _window.Count + _offeredWhileReading.Count < _options.LaneWindow && _heldBytes < _options.LaneWindowBytes && !_budget.IsSpent;

    private void Count(Delivery delivery, int sign)
    {
        var bytes = sign * delivery.Footprint;
        _heldBytes += bytes;
        _budget.Used += bytes;
    }

    private void Hold(Delivery delivery)
    {
        _window.Enqueue(delivery);
        _held.Add(delivery.Seq);
        Count(delivery, 1);
        if (delivery.DueAt > 0)
            return;
        _afterSeq = Math.Max(_afterSeq, delivery.Seq);
        _highestSeq = Math.Max(_highestSeq, delivery.Seq);
    }

    /// <summary>Begins a read of the store.</summary>
    public LaneRead BeginRead(long now, long byteLimit)
    {
        Reading = true;
        _missedWhileReading = false;
        _rereadFrom = long.MaxValue;
        _forgottenWhileReading = null;
        // The order in the store is the order: what was read before something older came due is read again.
        if (Endpoint.Ordered)
            DropWindow();
        _droppedWhileReading = false;
        if (_nextDueAt <= now)
            _nextDueAt = null;
        var limit = Breaker.IsClosed ? _options.LaneWindow : Math.Max(1, 2 * Breaker.Allowance(Limit));
        return new LaneRead(Endpoint.Id, Endpoint.Ordered, _afterSeq, now, limit, byteLimit, new HashSet<long>(_held));
    }

    /// <summary>Takes in what was read.</summary>
    public void EndRead(LanePage? page, long now)
    {
        Reading = false;
        // A window dropped meanwhile moved the place to read from back: this page begins too late to be used.
        if (page is null || _droppedWhileReading)
        {
            TakeOffered(isNext: false);
            _readAgainAt = page is null ? now + ReadPauseMs : 0;
            _more = true;
            return;
        }
        if (!_healthKnown && page.Health is { } health)
            Restore(health, now);
        if (!_pauseKnown)
            Paused = page.IsPaused;
        _healthKnown = _pauseKnown = true;
        foreach (var delivery in page.Deliveries)
            HoldUnlessForgotten(delivery);
        TakeOffered(isNext: !page.More);
        _more = page.More || _missedWhileReading || _rereadFrom < long.MaxValue;
        _afterSeq = Math.Min(_afterSeq, _rereadFrom - 1);
        if (page.NextDueAt is { } due)
            NoteDue(due);
        if (!Endpoint.Enabled || Paused)
            DropWindow();
    }

    // What was offered meanwhile comes right behind the last page. Behind any other page it is the store's.
    private void TakeOffered(bool isNext)
    {
        while (_offeredWhileReading.TryDequeue(out var delivery))
        {
            Count(delivery, -1);
            if (isNext)
                HoldUnlessForgotten(delivery);
        }
    }

    private void HoldUnlessForgotten(Delivery delivery)
    {
        if (!_held.Contains(delivery.Seq) && _forgottenWhileReading?.Contains(delivery.Seq) is not true)
            Hold(delivery);
    }

    /// <summary>Holds the lane, or lets it go on; then what failed before is forgotten, because a person worked on the receiver.</summary>
    public void Pause(bool paused)
    {
        // A page that is being read may tell what was before.
        _pauseKnown = true;
        if (Paused == paused)
            return;
        Paused = paused;
        if (paused)
            DropWindow();
        else
            StartAfresh();
    }

    private void StartAfresh()
    {
        _healthKnown = true;
        Breaker.Reset();
        FailingSince = null;
        _throttledUntil = 0;
        _more = true;
    }

    private void Restore(EndpointHealth health, long now)
    {
        Breaker.Restore(health, now);
        // The stored time may come from a clock that was wrong.
        if (Breaker.IsClosed)
            _throttledUntil = Math.Min(health.PausedUntil, now + (long)_options.MaxRetryAfter.TotalMilliseconds);
        FailingSince = health.FailingSince?.ToUnixTimeMilliseconds();
    }

    /// <summary>Applies what an attempt came to, and how long it took; the delivery stays held until it is settled.</summary>
    public void Completed(in Verdict verdict, TimeSpan duration, long now, double random)
    {
        InFlight--;
        if (duration.TotalMilliseconds <= QuickMs)
            _quickAt = now;
        if (verdict.LanePauseMs > 0)
            _throttledUntil = Math.Max(_throttledUntil, now + verdict.LanePauseMs);
        FailingSince = verdict.Kind == VerdictKind.Delivered ? null : FailingSince ?? now;
        Breaker.Record(verdict.Sign, now, random);
        // A lane that is not sending holds nothing: its backlog waits in the store, whatever its size.
        if (!Breaker.IsClosed)
            DropWindow();
    }

    /// <summary>Notes that an exchange was given up, which tells nothing about anybody.</summary>
    public void Abandoned() => InFlight--;

    /// <summary>Lets go of a delivery whose outcome is durable.</summary>
    public void Settled(Delivery delivery, long? retryAt)
    {
        if (_held.Remove(delivery.Seq))
            Count(delivery, -1);
        if (retryAt is not { } due)
            return;
        if (!Endpoint.Ordered)
        {
            NoteDue(due);
            return;
        }
        // The head of an ordered lane waits for its retry in its place, at the front.
        DropWindow();
        _more = true;
    }

    /// <summary>Lets go of deliveries that ended in the store before they were sent.</summary>
    public void Forget(IReadOnlySet<long> seqs)
    {
        // The page may have been read before the end came.
        if (Reading)
            (_forgottenWhileReading ??= []).UnionWith(seqs);
        if (!seqs.Overlaps(_held))
            return;
        for (var n = _window.Count; n > 0; n--)
        {
            var delivery = _window.Dequeue();
            if (!seqs.Contains(delivery.Seq))
                _window.Enqueue(delivery);
            else
                Settled(delivery, null);
        }
    }

    /// <summary>Applies new settings. What is in flight goes on with the old ones.</summary>
    public void Change(Endpoint endpoint, PreparedEndpoint prepared, long now)
    {
        if (endpoint.RateLimit != Endpoint.RateLimit)
            _bucket = BucketOf(endpoint, now);
        if (!endpoint.Enabled || endpoint.Ordered != Endpoint.Ordered)
            DropWindow();
        if (endpoint.Enabled && (!Endpoint.Enabled || endpoint.Url != Endpoint.Url))
            StartAfresh();
        Endpoint = endpoint;
        Prepared = prepared;
    }

    /// <summary>Ends the lane: nothing is sent any more.</summary>
    public void Delete()
    {
        Deleted = true;
        DropWindow();
    }

    /// <summary>Puts the window back into the store's hands, to be read again when there is use for it.</summary>
    private void DropWindow()
    {
        _droppedWhileReading = true;
        while (_window.TryDequeue(out var delivery))
        {
            _held.Remove(delivery.Seq);
            Count(delivery, -1);
            if (delivery.DueAt == 0)
                _afterSeq = Math.Min(_afterSeq, delivery.Seq - 1);
            _more = true;
        }
    }

    private void NoteDue(long dueAt)
    {
        // Due times are rounded up to 20 ms, so that retries due close together share one read.
        var rounded = (dueAt + 19) / 20 * 20;
        _nextDueAt = Math.Min(_nextDueAt ?? long.MaxValue, rounded);
    }

    // The node that had the lane before may have sent as much as it was allowed to a moment ago.
    private TokenBucket? BucketOf(Endpoint endpoint, long now) =>
        endpoint.RateLimit is { } rate ? new TokenBucket(rate, now, full: !IsShared) : null;
}

/// <summary>The memory that the deliveries in all windows of a node take together, in bytes of <see cref="Delivery.Footprint"/>.</summary>
internal sealed class WindowBudget(long limit)
{
    public long Used { get; set; }

    public long Free => Math.Max(0, limit - Used);

    public bool IsSpent => Used >= limit;
}

/// <summary>What a lane can do now.</summary>
internal enum LaneStepKind
{
    /// <summary>Nothing until something else happens to it.</summary>
    Blocked,

    /// <summary>Send the next delivery.</summary>
    Start,

    /// <summary>Read the store.</summary>
    Read,

    /// <summary>Nothing before a time.</summary>
    Wait,

    /// <summary>Stand in line for a token of the application.</summary>
    Line,

    /// <summary>Stand aside until attempts are no longer scarce.</summary>
    Yield,

    /// <summary>There is nothing to do.</summary>
    Idle,
}

/// <summary>What a lane can do now, and when it is to be asked again.</summary>
internal readonly record struct LaneStep(LaneStepKind Kind, long At = 0)
{
    public static LaneStep Blocked => new(LaneStepKind.Blocked);
    public static LaneStep Start => new(LaneStepKind.Start);
    public static LaneStep Read => new(LaneStepKind.Read);
    public static LaneStep Line => new(LaneStepKind.Line);
    public static LaneStep Yield => new(LaneStepKind.Yield);
    public static LaneStep Idle => new(LaneStepKind.Idle);
    public static LaneStep WaitUntil(long at) => new(LaneStepKind.Wait, at);
}
