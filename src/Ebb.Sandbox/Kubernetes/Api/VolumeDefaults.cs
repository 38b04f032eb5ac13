using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>What the server fills into the volumes of pods.</summary>
internal static class VolumeDefaults
{
    // The mode 0644, which JSON has to write in decimal.
    private const int FileMode = 420;
    private const int TokenSeconds = 3600;

    public static void Apply(JsonObject volume)
    {
        foreach (var source in new[] { "secret", "configMap", "downwardAPI", "projected" })
        {
            volume.Object(source)?.Default("defaultMode", FileMode);
        }

        volume.Object("hostPath")?.Default("type", "");
        volume.Object("iscsi")?.Default("iscsiInterface", "default");
        if (volume.Object("rbd") is { } block)
        {
            block.Default("pool", "rbd");
            block.Default("user", "admin");
            block.Default("keyring", "/etc/ceph/keyring");
        }

        if (volume.Object("azureDisk") is { } disk)
        {
            disk.Default("cachingMode", "ReadWrite");
            disk.Default("fsType", "ext4");
            disk.Default("readOnly", false);
            disk.Default("kind", "Shared");
        }

        foreach (var item in volume.Objects("downwardAPI", "items"))
        {
            item.Object("fieldRef")?.Default("apiVersion", "v1");
        }

        foreach (var source in volume.Objects("projected", "sources"))
        {
            source.Object("serviceAccountToken")?.Default("expirationSeconds", TokenSeconds);
            foreach (var item in source.Objects("downwardAPI", "items"))
            {
                item.Object("fieldRef")?.Default("apiVersion", "v1");
            }
        }

        if (volume.Count == 1 && volume.ContainsKey("name"))
        {
            volume["emptyDir"] = new JsonObject();
        }
    }
}
