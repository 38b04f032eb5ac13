namespace Ebb.Acting;

internal static class Several
{
    // Enough to read a hundred nodes in a second, few enough that an API server does not notice.
    private const int AtOnce = 8;

    /// <summary>Runs <paramref name="body"/> for each, a few at once, started in order.</summary>
    public static Task ForEachAsync<T>(IReadOnlyList<T> items, Func<T, Task> body)
    {
        var next = 0;
        return Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, items.Count)).Select(_ => WorkAsync()).ToArray());

        async Task WorkAsync()
        {
            while (Interlocked.Increment(ref next) - 1 is var i && i < items.Count)
            {
                await body(items[i]);
            }
        }
    }
}
