using Ebb.Sandbox;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Face;
using Ebb.Sandbox.Kubernetes.Kubelet;

namespace Ebb.SystemTests.Kubectl;

/// <summary>A cluster of three hollow machines behind the real protocol, and a directory for kubectl's files.</summary>
public abstract class KubectlWorld : IAsyncLifetime
{
    private readonly string _home = Directory.CreateTempSubdirectory("ebb-kubectl-").FullName;
    private readonly Agenda _agenda = new(TimeProvider.System);
    private readonly Authority _authority = Authority.Create("sandbox", TimeProvider.System);
    private KubernetesFace? _face;
    private string? _path;

    /// <summary>Why there is no kubectl; null when there is one.</summary>
    public string? Missing { get; private set; }

    public string Home => _home;

    internal KubectlBinary Kubectl
    {
        get
        {
            Assert.SkipWhen(Missing is not null, Missing ?? "");
            return new KubectlBinary(_path!, _home, Path.Combine(_home, "kubeconfig"));
        }
    }

    public async ValueTask InitializeAsync()
    {
        (_path, Missing) = await FindAsync();
        if (_path is null)
        {
            return;
        }

        var quick = Latency.Seconds(0.01, 0.05);
        var world = new KubernetesWorld(_agenda, new KubernetesOptions
        {
            Hollow = new HollowOptions
            {
                Register = quick,
                Ready = quick,
                Notice = quick,
                Start = quick,
                Stop = TimeSpan.FromMilliseconds(100),
            },
        });
        world.Begin(_authority.CertificatePem);
        lock (_agenda.Gate)
        {
            foreach (var name in new[] { "n1", "n2", "n3" })
            {
                world.Kubelets.Start(new HollowNode { Name = name, ProviderId = "sandbox://" + name });
            }
        }

        _face = await KubernetesFace.StartAsync(world.Api, _authority, new KubernetesFaceOptions(), CancellationToken.None);
        await File.WriteAllTextAsync(Path.Combine(_home, "kubeconfig"), _face.Kubeconfig("test"));
        await Kubectl.RunAsync("wait", "--for=condition=Ready", "node/n1", "node/n2", "node/n3", "--timeout=30s");
    }

    public async ValueTask DisposeAsync()
    {
        if (_face is not null)
        {
            await _face.DisposeAsync();
        }

        _agenda.Dispose();
        _authority.Dispose();
        Directory.Delete(_home, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes a manifest for kubectl to read.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(_home, name);
        File.WriteAllText(path, text);
        return path;
    }

    protected abstract Task<(string? Path, string? Missing)> FindAsync();
}
