namespace Ebb.Acting;

/// <summary>Holds back what failed, longer with each failure, so that one bad thing is neither hammered nor in the way of others.</summary>
internal sealed class Holds(TimeProvider time, Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);

    // A person who mended what was wrong should not have to wait longer than this.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, Held> _held = [];

    /// <summary>Until when to leave this alone; null when it may be done now.</summary>
    public DateTimeOffset? Until(string what) =>
        _held.TryGetValue(what, out var held) && held.Until > time.GetUtcNow() ? held.Until : null;

    /// <returns>True when this is news: the first failure, or another error than the last one.</returns>
    public bool Failed(string what, string error)
    {
        if (!_held.TryGetValue(what, out var held))
        {
            Forget();
            _held[what] = held = new Held(new Backoff(First, Longest, time, random));
        }

        var news = held.Error != error;
        held.Error = error;
        held.Until = time.GetUtcNow() + held.Backoff.Next();
        return news;
    }

    /// <summary>Someone else said how long to wait.</summary>
    public void Hold(string what, TimeSpan wait)
    {
        if (!_held.TryGetValue(what, out var held))
        {
            _held[what] = held = new Held(new Backoff(First, Longest, time, random));
        }

        held.Until = time.GetUtcNow() + wait;
    }

    public void Succeeded(string what) => _held.Remove(what);

    /// <summary>What is no longer tried (its node went away, say) would stay for ever.</summary>
    private void Forget()
    {
        var old = time.GetUtcNow() - (2 * Longest);
        foreach (var what in _held.Where(pair => pair.Value.Until < old).Select(pair => pair.Key).ToArray())
        {
            _held.Remove(what);
        }
    }

    private sealed class Held(Backoff backoff)
    {
        public Backoff Backoff { get; } = backoff;

        public DateTimeOffset Until { get; set; }

        public string? Error { get; set; }
    }
}
