using Ebb.Acting;
using Ebb.Kubernetes;

namespace Ebb.Cli.Operating;

/// <summary>What this command holds, through troubles of the API server that pass.</summary>
internal sealed class PatientHold(IKubernetes kubernetes, TimeProvider time, Random random)
{
    // After Ctrl-C: enough to take our marks off, not so long that a person would press it again.
    private static readonly TimeSpan LetGoWithin = TimeSpan.FromSeconds(10);

    // A person who waits for the first mark, or the last answer, would rather wait this long than begin again.
    private static readonly TimeSpan TroubleWithin = TimeSpan.FromMinutes(1);

    private readonly NodeHold _hold = new(kubernetes, time, NodeHold.NewOwner());

    /// <inheritdoc cref="NodeHold.RunAsync"/>
    public Task RunAsync(CancellationToken ct) => _hold.RunAsync(ct);

    /// <inheritdoc cref="NodeHold.PutAsync"/>
    public Task<string?> PutAsync(string node, bool untilStart, Action<string> tell, CancellationToken ct) =>
        PatientlyAsync(() => _hold.PutAsync(node, untilStart, tell, ct), ct);

    /// <inheritdoc cref="NodeHold.TakeOverAsync"/>
    public Task<string?> TakeOverAsync(string node, Action<string> tell, CancellationToken ct) => PatientlyAsync(() => _hold.TakeOverAsync(node, tell, ct), ct);

    /// <inheritdoc cref="NodeHold.IsOursAsync"/>
    public Task<bool> IsOursAsync(string node, CancellationToken ct) => PatientlyAsync(() => _hold.IsOursAsync(node, ct), ct);

    /// <inheritdoc cref="NodeHold.IsThereAsync"/>
    public Task<bool> IsThereAsync(string node, CancellationToken ct) => PatientlyAsync(() => _hold.IsThereAsync(node, ct), ct);

    /// <inheritdoc cref="NodeHold.TakeOffAsync"/>
    public Task TakeOffAsync(string node, CancellationToken ct) => PatientlyAsync(() => _hold.TakeOffAsync(node, ct), ct);

    /// <param name="release">What is ours on these is taken off.</param>
    /// <param name="keep">These stay held, for whoever comes next.</param>
    public async Task LetGoAsync(IReadOnlyCollection<string> release, IReadOnlyCollection<string> keep)
    {
        // Not the caller's token: a command that was asked to end does this still.
        using var soon = new CancellationTokenSource(LetGoWithin, time);
        try
        {
            await Task.WhenAll(release.Select(node => PatientlyAsync(() => _hold.TakeOffAsync(node, soon.Token), soon.Token)));
        }
        catch (OperationCanceledException e)
        {
            throw new IOException(
                $"The API server does not answer: {string.Join(", ", release)} may still be held ({Marks.Operating}). The next command on machines takes that off.", e);
        }

        try
        {
            await Task.WhenAll(keep.Select(node => PatientlyAsync(() => _hold.LeaveAsync(node, soon.Token), soon.Token)));
        }
        catch (Exception e) when (e is KubeException or OperationCanceledException)
        {
            // They are held as they should be; whoever comes next has to see for itself that nobody is at work any more.
        }
    }

    /// <summary>Makes a call again while its trouble may pass: for what can be done twice.</summary>
    public async Task<T> PatientlyAsync<T>(Func<Task<T>> call, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var backoff = new Backoff(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(5), time, random);
        while (true)
        {
            try
            {
                return await call();
            }
            catch (KubeException e) when (e.Heals && time.GetElapsedTime(started) < TroubleWithin)
            {
                await backoff.FailedAsync(ct);
            }
        }
    }

    private Task<bool> PatientlyAsync(Func<Task> call, CancellationToken ct) => PatientlyAsync(
        async () =>
        {
            await call();
            return true;
        },
        ct);
}
