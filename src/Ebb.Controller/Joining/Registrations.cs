using Ebb.Acting;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Ebb.Controller.Joining;

/// <summary>
/// Watches nodes: makes a token void as soon as its machine is a node, and gives nodes the labels that they may not give
/// themselves.
/// </summary>
internal sealed partial class Registrations(
    KubeClient client, ApiKubernetes kubernetes, Expectations expectations, Members members, TimeProvider time, Random random, ILogger<Registrations> logger) : IDisposable
{
    // What failed is tried again then, and what has expired is forgotten.
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan TroubleWait = TimeSpan.FromSeconds(2);

    // One of its own: what it is made from is shared, and a Random is for one thread at a time.
    private readonly Random _random = new(random.Next());

    private readonly Lock _lock = new();
    private readonly Dictionary<string, V1Node> _changed = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _signal = new(0, 1);

    /// <summary>Nodes that bear a mark of leaving, as last seen.</summary>
    private readonly Dictionary<string, V1Node> _leaving = new(StringComparer.Ordinal);

    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public void Dispose() => _signal.Dispose();

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var sink = new InformerSink<V1Node>(
            all =>
            {
                foreach (var node in all)
                {
                    Changed(node);
                }
            },
            Changed,
            Removed);
        var informer = new Informer<V1Node>(client, Resources.Nodes, Selection.All, sink, time, _random, logger);
        await Task.WhenAll(informer.RunAsync(ct), WorkAsync(ct));
    }

    private void Changed(V1Node node)
    {
        lock (_lock)
        {
            _changed[node.Metadata.Name] = node;
        }

        Signal();
    }

    private void Removed(V1Node node)
    {
        lock (_lock)
        {
            _changed.Remove(node.Metadata.Name);
            _leaving.Remove(node.Metadata.Name);
            _asked.Remove(node.Metadata.Uid);
        }
    }

    private void Signal()
    {
        lock (_lock)
        {
            if (_signal.CurrentCount == 0)
            {
                _signal.Release();
            }
        }
    }

    private async Task WorkAsync(CancellationToken ct)
    {
        var sweptAt = time.GetTimestamp();
        while (true)
        {
            await WaitAsync(SweepEvery - time.GetElapsedTime(sweptAt), ct);
            foreach (var node in Take())
            {
                await TryAsync(node, ct);
            }

            // Whatever came meanwhile: of many nodes there is always one that writes itself.
            if (time.GetElapsedTime(sweptAt) >= SweepEvery)
            {
                await SweepAsync(ct);
                sweptAt = time.GetTimestamp();
            }
        }
    }

    private async Task WaitAsync(TimeSpan atMost, CancellationToken ct)
    {
        if (atMost <= TimeSpan.Zero)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            await _signal.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Nothing has changed; it is time to sweep.
        }
    }

    private V1Node[] Take()
    {
        lock (_lock)
        {
            V1Node[] all = [.. _changed.Values];
            _changed.Clear();
            return all;
        }
    }

    private async Task TryAsync(V1Node node, CancellationToken ct)
    {
        try
        {
            await RegisteredAsync(node, ct);
            await LabelAsync(node, ct);
            lock (_lock)
            {
                if (LeavingMarks.On(node))
                {
                    _leaving[node.Metadata.Name] = node;
                }
                else
                {
                    _leaving.Remove(node.Metadata.Name);
                }
            }
        }
        catch (KubeException e)
        {
            LogTrouble(node.Metadata.Name, e.Message);
            await Task.Delay(TroubleWait, time, ct);
            lock (_lock)
            {
                // A later state of it may have come meanwhile.
                _changed.TryAdd(node.Metadata.Name, node);
            }
        }
    }

    private async Task RegisteredAsync(V1Node node, CancellationToken ct)
    {
        if (expectations.Of(node.Metadata.Name) is not { } expected || !expected.HasCome(node))
        {
            return;
        }

        if (expected.Bears.Where(mark => (node.Metadata.Annotations?.GetValueOrDefault(mark.Key) ?? "") != mark.Value).ToList() is { Count: > 0 } others)
        {
            // Before it is forgotten: what fails is tried again.
            await client.PatchAsync(Resources.Nodes, null, node.Metadata.Name, PatchKind.Merge, LabelPatch.OfAnnotations(others), WriteOptions.Default, ct);
        }

        await expectations.WithdrawAsync(node.Metadata.Name, expected, ct);
        LogJoined(node.Metadata.Name);
        await kubernetes.TellAsync(
            new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name, Uid = node.Metadata.Name },
            warning: false, "Joined", "The machine has joined; the token that it was given is void.", ct);
    }

    private async Task LabelAsync(V1Node node, CancellationToken ct)
    {
        if (node.Spec.ProviderID is not { Length: > 0 } providerId || await MemberAsync(node, providerId, ct) is not { } member)
        {
            return;
        }

        var wanted = NodeLabels.Afterwards(member.Pool).Where(label => node.Metadata.Labels?.GetValueOrDefault(label.Key) != label.Value).ToList();
        if (wanted.Count > 0)
        {
            await client.PatchAsync(Resources.Nodes, null, node.Metadata.Name, PatchKind.Merge, LabelPatch.Of(wanted), WriteOptions.Default, ct);
        }
    }

    /// <summary>Of a node that the last list does not have, the cloud is asked once: others' nodes write themselves every minute.</summary>
    private async Task<Member?> MemberAsync(V1Node node, string providerId, CancellationToken ct)
    {
        if (members.Last(providerId) is { } known)
        {
            return known;
        }

        lock (_lock)
        {
            if (!_asked.Add(node.Metadata.Uid))
            {
                return null;
            }
        }

        return await members.ByProviderIdAsync(providerId, Members.Lately, ct) is Found.Is found ? found.Member : null;
    }

    private async Task SweepAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        foreach (var node in expectations.TakeExpired(now))
        {
            LogNeverCame(node);
        }

        V1Node[] over;
        lock (_lock)
        {
            over = [.. _leaving.Values.Where(node => LeavingMarks.AreOver(node, now))];
        }

        foreach (var node in over)
        {
            try
            {
                await kubernetes.ChangeNodeAsync(node.Metadata.Name, LeavingMarks.None, ct);
            }
            catch (KubeException e)
            {
                LogTrouble(node.Metadata.Name, e.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Node {Node} has joined")]
    private partial void LogJoined(string node);

    [LoggerMessage(LogLevel.Warning, "A machine was admitted as {Node} and did not become a node; its token has expired")]
    private partial void LogNeverCame(string node);

    [LoggerMessage(LogLevel.Warning, "Node {Node} could not be seen to, will try again: {Trouble}")]
    private partial void LogTrouble(string node, string trouble);
}
