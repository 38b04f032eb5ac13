using System.Security.Cryptography;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>A cluster's directory of its own, locked, for the keys of one test.</summary>
internal sealed class KeysCase : IDisposable
{
    // RSA takes a while to find; nothing asks that two clusters have different ones.
    private static readonly Lazy<string> ServiceAccountKey = new(() =>
    {
        using var key = RSA.Create(2048);
        return key.ExportRSAPrivateKeyPem() + "\n";
    });

    private static readonly Lazy<IReadOnlyList<ShareFile>> OnShare = new(() =>
    {
        using var made = new KeysCase(TimeProvider.System);
        made.Ensure();
        return [.. made.Keys.Shared()];
    });

    private readonly IDisposable _held;

    public KeysCase(TimeProvider time)
    {
        Home = ClusterHome.At("farm", Path.Combine(Root, "farm"));
        _held = Home.Lock();
        var files = new PkiFiles(Home.Keys);
        files.CreateDirectories();
        ServiceAccountKeyFile = files.ServiceAccountKey;
        SecretFile.Write(ServiceAccountKeyFile, ServiceAccountKey.Value);
        Keys = new ClusterKeys(Home, time);
    }

    /// <summary>All that a cluster's keys put on its share, as 'ebb up' makes it.</summary>
    public static IReadOnlyList<ShareFile> Shared => OnShare.Value;

    public string Root { get; } = Directory.CreateTempSubdirectory("ebb-keys-").FullName;

    public ClusterHome Home { get; }

    public ClusterKeys Keys { get; }

    /// <summary>There from the beginning; whoever deletes it has one made.</summary>
    public string ServiceAccountKeyFile { get; }

    public void Ensure(params string[] hosts) => Keys.Ensure("farm", hosts is [] ? ["10.1.0.10"] : hosts);

    /// <summary>What of it lies on the cluster's own share: text by path.</summary>
    public Dictionary<string, string> Texts() => Keys.Shared().ToDictionary(file => file.Path, file =>
    {
        using var reader = new StreamReader(file.Open());
        return reader.ReadToEnd();
    });

    public void Dispose()
    {
        _held.Dispose();
        Directory.Delete(Root, recursive: true);
    }
}
