using System.Collections.Frozen;
using Ebb.Clouds;
using Ebb.Controller.Joining.Limits;
using Ebb.Pools;
using Microsoft.Extensions.Logging;

namespace Ebb.Controller.Joining;

/// <summary>A machine of this cluster.</summary>
internal sealed record Member(Machine Machine, Pool Pool);

/// <summary>
/// The machines that belong to this cluster, as the cloud lists them. A machine that is not on the list has it read anew, but not
/// more often than a stranger may cost: who comes meanwhile is judged by the same list.
/// </summary>
/// <param name="cloud">Not the control loop's own: reading takes failures with it that only the loop is to see.</param>
internal sealed partial class Members(ICloud cloud, TimeProvider time, ILogger<Members> logger) : IDisposable
{
    /// <summary>So old may a list be for machines that join: one that was deleted is on an old list still.</summary>
    public static readonly TimeSpan Lately = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Of any age is good for machines that leave: they were known once, what is asked for is done to their own node alone, and they
    /// have no time to wait for a cloud that does not answer.
    /// </summary>
    public static readonly TimeSpan Ever = TimeSpan.MaxValue;

    // Azure allows some hundred reads of lists in five minutes, which the control loop needs as well.
    private static readonly Rate Reads = new(1 / 5.0, 4);

    // By then there may be a read again.
    private const int AskAgain = 5;

    private readonly SemaphoreSlim _reading = new(1);
    private readonly RequestRates _reads = new(Reads, Reads, 1, time);
    private volatile Known? _known;
    private string? _trouble;

    /// <summary>Why the cloud could not be read the last time; null when it could, or was not asked yet.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    public void Dispose() => _reading.Dispose();

    /// <summary>The machine with this firmware id.</summary>
    /// <param name="goodFor">How old a list may be that has it: <see cref="Lately"/> or <see cref="Ever"/>.</param>
    public Task<Found> ByVmIdAsync(string vmId, TimeSpan goodFor, CancellationToken ct) => FindAsync(known => known.ByVmId.GetValueOrDefault(vmId), goodFor, ct);

    /// <summary>The machine that a node says it is.</summary>
    /// <param name="goodFor">How old a list may be that has it: <see cref="Lately"/> or <see cref="Ever"/>.</param>
    public Task<Found> ByProviderIdAsync(string providerId, TimeSpan goodFor, CancellationToken ct) =>
        FindAsync(known => known.ByProviderId.GetValueOrDefault(providerId), goodFor, ct);

    /// <summary>The same, from a list that was asked for now, or as near to it as the limits allow.</summary>
    public Task<Found> FreshAsync(string providerId, CancellationToken ct) =>
        FindAsync(known => known.ByProviderId.GetValueOrDefault(providerId), goodFor: TimeSpan.Zero, ct);

    /// <summary>As last read, without asking; null also before the first read.</summary>
    public Member? Last(string providerId) => _known?.ByProviderId.GetValueOrDefault(providerId);

    private async Task<Found> FindAsync(Func<Known, Member?> find, TimeSpan goodFor, CancellationToken ct)
    {
        var asked = time.GetTimestamp();
        if (goodFor > TimeSpan.Zero && OnList(find, goodFor) is { } member)
        {
            return new Found.Is(member);
        }

        await _reading.WaitAsync(ct);
        try
        {
            // Whoever waited here may find that it has been read for another.
            if (_known is null || _known.At < asked)
            {
                if (_reads.Ask("") is null)
                {
                    await ReadAsync(ct);
                }
                else
                {
                    // The last list is from before the question: who is not on it may be by now.
                    return OnList(find, Lately) is { } last ? new Found.Is(last) : new Found.NotRead(AskAgain);
                }
            }
        }
        finally
        {
            _reading.Release();
        }

        return _known is { } read ? Judge(read, find) : new Found.Unsure(Trouble ?? "the cloud has not been read yet");
    }

    private Member? OnList(Func<Known, Member?> find, TimeSpan goodFor)
    {
        if (_known is not { } known || find(known) is not { } member)
        {
            return null;
        }

        // What was wrong with its pool may have been mended since.
        var age = time.GetElapsedTime(known.At);
        return age < Lately || (age < goodFor && member.Pool.Problem is null) ? member : null;
    }

    private Found Judge(Known known, Func<Known, Member?> find) =>
        find(known) is { } found ? new Found.Is(found)
        : known.Complete && Trouble is null ? new Found.No()
        : new Found.Unsure(Trouble ?? "the cloud was not read in full");

    private async Task ReadAsync(CancellationToken ct)
    {
        var at = time.GetTimestamp();
        try
        {
            // All of them: a machine that was made a moment ago is what is looked for.
            var inMotion = _known?.Pools ?? FrozenSet<string>.Empty;
            var view = await cloud.ReadAsync(inMotion, ct);
            _known = Known.Of(view, at);
            Note(view.Trouble);
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            // Whatever it is: a server that answers "not now" serves machines better than one that fails.
            Note(e.Message);
        }
    }

    private void Note(string? trouble)
    {
        if (trouble is not null && trouble != _trouble)
        {
            LogNotRead(trouble);
        }

        Volatile.Write(ref _trouble, trouble);
    }

    [LoggerMessage(LogLevel.Warning, "The machines of the cluster could not be read; unknown ones are asked to come back: {Trouble}")]
    private partial void LogNotRead(string trouble);

    private sealed record Known(
        FrozenDictionary<string, Member> ByVmId, FrozenDictionary<string, Member> ByProviderId, FrozenSet<string> Pools, bool Complete, long At)
    {
        public static Known Of(CloudView view, long at)
        {
            var members = view.Pools.SelectMany(pool => pool.Machines.Select(machine => new Member(machine, pool.Pool))).ToList();
            return new Known(
                members.Where(m => m.Machine.VmId.Length > 0).DistinctBy(m => m.Machine.VmId, StringComparer.OrdinalIgnoreCase)
                    .ToFrozenDictionary(m => m.Machine.VmId, StringComparer.OrdinalIgnoreCase),
                members.DistinctBy(m => m.Machine.ProviderId, StringComparer.OrdinalIgnoreCase)
                    .ToFrozenDictionary(m => m.Machine.ProviderId, StringComparer.OrdinalIgnoreCase),
                view.Pools.Select(pool => pool.Pool.Name).ToFrozenSet(),
                view.Complete,
                at);
        }
    }
}

/// <summary>Whether a machine is one of ours.</summary>
internal abstract record Found
{
    private Found()
    {
    }

    public sealed record Is(Member Member) : Found;

    public sealed record No : Found;

    /// <summary>Not on a list that was read before the question, and it is not to be read again yet.</summary>
    public sealed record NotRead(int Seconds) : Found;

    /// <summary>The cloud could not be asked, or did not tell all.</summary>
    public sealed record Unsure(string Why) : Found;
}
