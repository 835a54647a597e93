using System.Diagnostics.CodeAnalysis;

namespace Grapnel.Reporting;

/// <summary>
/// Answers that many want at once and that are good for a while: within a period each is read once, by whoever asks first. A read that fails is
/// told to those who waited for it, and is not remembered.
/// </summary>
internal sealed class Shared<TKey, TValue>(TimeSpan period, TimeProvider time) where TKey : notnull
{
    // What nobody looks at any more is let go when there are this many.
    private const int MaxEntries = 200;

    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, (Task<TValue> Answer, long At)> _answers = [];

    /// <summary>The answer for a key. The read goes on when the caller gives up: others wait for it.</summary>
    public Task<TValue> GetAsync(TKey key, Func<Task<TValue>> read, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!TryFind(key, out var answer))
            {
                if (_answers.Count >= MaxEntries)
                    Forget();
                _answers[key] = (answer = read(), time.GetTimestamp());
            }
            return answer.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Whoever asks from now on gets an answer that was read after this.</summary>
    public void Clear()
    {
        lock (_lock)
            _answers.Clear();
    }

    private bool TryFind(TKey key, [NotNullWhen(true)] out Task<TValue>? answer)
    {
        answer = _answers.TryGetValue(key, out var found) && IsFresh(found) ? found.Answer : null;
        return answer is not null;
    }

    private void Forget()
    {
        foreach (var (key, found) in _answers)
            if (!IsFresh(found))
                _answers.Remove(key);
        if (_answers.Count >= MaxEntries)
            _answers.Clear();
    }

    // However long a read takes, nobody begins another one beside it.
    private bool IsFresh((Task<TValue> Answer, long At) found) =>
        !found.Answer.IsCompleted || (found.Answer.IsCompletedSuccessfully && time.GetElapsedTime(found.At) < period);
}
