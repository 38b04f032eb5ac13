using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Simulation;

namespace Ebb.Tests.Cli.ControlPlane;

/// <summary>A directory with a control plane's keys, on a clock of its own.</summary>
internal sealed class PkiLab : IDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public PkiLab() => Files = new PkiFiles(Path.Combine(Root, "kubernetes"));

    public string Root { get; } = Directory.CreateTempSubdirectory("ebb-pki-").FullName;

    public PkiFiles Files { get; }

    public VirtualTime Time { get; } = new(Start);

    public PkiOptions Options { get; set; } = new()
    {
        ClusterName = "farm",
        Server = new Uri("https://127.0.0.1:6443"),
        KubernetesVersion = new Version(1, 20),
    };

    public string[] Ensure() => [.. ClusterPki.Ensure(Files.Directory, Options, Time).Select(change => change.Name)];

    public X509Certificate2 Certificate(string name) => X509CertificateLoader.LoadCertificateFromFile(Files.Certificate(name));

    public KubeconfigFile Kubeconfig(string user) => KubeconfigFile.Read(File.ReadAllText(Files.Kubeconfig(user)))!;

    /// <summary>Every file there is, with what is in it.</summary>
    public Dictionary<string, string> Everything() =>
        Directory.EnumerateFiles(Files.Directory, "*", SearchOption.AllDirectories)
            .Where(path => path != Files.Lock)
            .ToDictionary(path => Path.GetRelativePath(Files.Directory, path), File.ReadAllText);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
