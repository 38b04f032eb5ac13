using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>Says what running control-plane machines will change about themselves, in a person's words, and what starts anew for it.</summary>
internal static class OrdersDifference
{
    // By path on the machine; the first that it begins with counts.
    private static readonly ImmutableArray<(string Path, string Subject)> Subjects =
    [
        ("/etc/rancher/k3s/", "configuration of k3s"),
        ("/var/lib/rancher/k3s/server/manifests/", "add-on"),
        ("/var/lib/rancher/k3s/server/tls/", "authorities of Kubernetes"),
        (SystemShare.Staged + "/", "authorities of Kubernetes"),
        ("/var/lib/rancher/k3s/agent/images/", "files for machines without a way outside"),
        ("/var/lib/ebb/files/", "files for machines without a way outside"),
        ("/var/lib/ebb/packages/", "files for machines without a way outside"),
        ("/usr/local/bin/k3s", "files for machines without a way outside"),
        ("/usr/local/lib/ebb/k3s-install.sh", "files for machines without a way outside"),
        ("/var/lib/ebb/agents/", "program ebb-agent, for machines that join"),
        ("/usr/local/bin/ebb", "program ebb"),
        (AirGap.AttestationRootsFile, "files for machines without a way outside"),
        ("/etc/ebb/join/", "certificate of the join server"),
        ("/etc/ebb/kubeconfig", "certificate of the controller"),
        ("/etc/ebb/k3s/", "passwords of k3s"),
        ("/etc/ebb/tailscale.key", "key of Tailscale"),
        ("/usr/local/lib/ebb/run", "options of the controller"),
        ("/usr/local/lib/ebb/", "programs of Ebb"),
        ("/etc/systemd/", "services"),
    ];

    public const string Release = "release of Kubernetes";

    /// <param name="before">What was wanted until now.</param>
    public static ImmutableArray<OrdersChange> Of(ControlPlaneOrders before, ControlPlaneOrders after)
    {
        var changes = new SortedDictionary<string, ImmutableSortedSet<string>>(StringComparer.Ordinal);
        if (before.Release != after.Release)
        {
            Add(before.Release is null ? $"{Release}: {after.Release}, as it runs" : $"{Release}: {before.Release} → {after.Release ?? "that of the channel"}", before.Release is null ? [] : [Restart.K3s, Restart.Ebb]);
        }

        var (files, wasFiles) = (after.Files.ToDictionary(f => f.To), before.Files.ToDictionary(f => f.To));
        foreach (var path in files.Keys.Union(wasFiles.Keys))
        {
            var (now, was) = (files.GetValueOrDefault(path), wasFiles.GetValueOrDefault(path));
            if (now?.Sha256 != was?.Sha256 && now is not { Once: true })
            {
                Add(SubjectOf(path), now?.Restarts ?? []);
            }
        }

        var (texts, wasTexts) = (after.Texts.ToDictionary(t => t.To), before.Texts.ToDictionary(t => t.To));
        foreach (var path in texts.Keys.Union(wasTexts.Keys))
        {
            var (now, was) = (texts.GetValueOrDefault(path), wasTexts.GetValueOrDefault(path));
            if (now?.Content != was?.Content)
            {
                Add(SubjectOf(path), (now ?? was)!.Restarts);
            }
        }

        if (!before.SshKeys.Order(StringComparer.Ordinal).SequenceEqual(after.SshKeys.Order(StringComparer.Ordinal)) || before.SshUser != after.SshUser)
        {
            Add("SSH keys", []);
        }

        if (before.Generation != after.Generation && (changes.Count == 0 || !JsonNode.DeepEquals(Rest(before), Rest(after))))
        {
            Add("what machines know of the cluster", []);
        }

        return [.. changes.Select(change => new OrdersChange(change.Key, [.. change.Value]))];

        void Add(string what, IEnumerable<string> restarts) =>
            changes[what] = changes.GetValueOrDefault(what, ImmutableSortedSet<string>.Empty).Union(restarts);
    }

    private static string SubjectOf(string path)
    {
        var subject = Subjects.FirstOrDefault(s => path.StartsWith(s.Path, StringComparison.Ordinal)).Subject;
        return subject switch
        {
            null => path,
            "add-on" => $"add-on {Path.GetFileNameWithoutExtension(path).Replace("ebb-", "", StringComparison.Ordinal)}",
            _ => subject,
        };
    }

    /// <summary>The configuration without what is looked at by itself.</summary>
    private static JsonNode Rest(ControlPlaneOrders orders)
    {
        var rest = orders.Configuration.DeepClone().AsObject();
        rest.Remove("files");
        rest.Remove("k3s");
        return JsonNode.Parse(rest.ToJsonString(JsonSerializerOptions.Default))!;
    }
}

/// <param name="Restarts">What starts anew on each machine for it, by the words in <see cref="Restart"/>; empty: nothing.</param>
internal sealed record OrdersChange(string What, ImmutableArray<string> Restarts)
{
    /// <summary>For people: what comes of it.</summary>
    public string Means()
    {
        ImmutableArray<string> words = [.. Restarts.Select(Word).OfType<string>()];
        return words.IsEmpty ? "changed in place; nothing restarts" : $"changed in place; {string.Join(" and ", words)} {(words.Length == 1 ? "restarts" : "restart")}, machine by machine";
    }

    private static string? Word(string restart) => restart switch
    {
        Restart.K3s => "k3s",
        Restart.Ebb => "Ebb's controller",
        Restart.Ssh => "SSH",
        Restart.Fail2Ban => "fail2ban",

        // What only reads again is no restart.
        _ => null,
    };
}
