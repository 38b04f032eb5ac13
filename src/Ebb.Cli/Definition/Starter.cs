using System.Text;

namespace Ebb.Cli.Definition;

/// <summary>What a starter is made from.</summary>
internal sealed record StarterChoices
{
    public required string Name { get; init; }

    public string Region { get; init; } = "westeurope";

    /// <summary>The cloud on this machine, rather than a subscription.</summary>
    public bool Sandbox { get; init; } = true;

    public string ControlPlaneSize { get; init; } = new ControlPlaneDefinition().Size;

    public string PoolSize { get; init; } = "Standard_D4s_v5";

    public PoolPriority Priority { get; init; } = PoolPriority.Spot;
}

/// <summary>An ebb.yaml to begin with: every key that there is, most of them as a comment with a value that may be taken as it stands.</summary>
internal static class Starter
{
    public static string Text(StarterChoices choices)
    {
        var spot = choices.Priority is not PoolPriority.Regular;
        var text = new StringBuilder();
        text.Append($"""
            # yaml-language-server: $schema={SchemaFile.RelativePath}
            #
            # A cluster for Ebb. 'ebb plan' shows what 'ebb up' would make of it; 'ebb up' makes it, and may be run again after
            # every change. Keys that stand behind '#' show their default, or an example where there is none.

            name: {choices.Name}

            cloud:
              provider: azure
              region: {choices.Region}

            """);
        text.Append(choices.Sandbox
            ? """
                # The cloud on this machine, which costs nothing. Remove the next line, and the same file uses your Azure subscription.
                endpoint: sandbox

              """
            : """
                # With this line the cluster is made in a cloud on this machine, which costs nothing:
                # endpoint: sandbox

              """);
        text.Append($$"""
              # subscription: 1b4e28ba-2fa1-11d2-883f-0016d3cca427
              # tenant: 72f988bf-86f1-41af-91ab-2d7cd011db47
              # computeGroup: {{choices.Name}}-compute
              # storageGroup: {{choices.Name}}-storage

            kubernetes:
              distribution: k3s
              # channel: stable
              # version: v1.31.5+k3s1

            controlPlane:
              # 3 machines survive the loss of one, 5 of two.
              machines: 1
              size: {{choices.ControlPlaneSize}}
              # diskGiB: 32
              # zones: [1, 2, 3]

            pools:
              - name: agents
                size: {{choices.PoolSize}}
                # regular, spot, or spot-then-regular
                priority: {{Word(choices.Priority)}}{{(spot ? "\n    # maxPrice: 0.05" : "")}}
                min: 0
                max: 10
                # How long a node stays idle before its machine goes.
                idleAfter: 5m
                # joinWithin: 40m
                # keepWarm: 1
                # zones: [1, 2, 3]
                # diskGiB: 64
                # With false 'ebb stop' can stop spot machines, too.
                # localDisk: false
                # labels: {disk: fast}
                # taints: [gpu=yes:NoSchedule]

            storage:
              # account: {{Account(choices.Name)}}
              shares:
                - name: srv
                  quotaGiB: 100
                  mountAt: /srv

            network:
              range: 10.1.0.0/16
              # controlPlaneSubnet: 10.1.0.0/24
              # poolSubnet: 10.1.128.0/17
              # podRange: 10.42.0.0/16
              # serviceRange: 10.43.0.0/16
              # dnsLabel: {{choices.Name}}-api

            access:
              # own-address, cloudflare, anyone, or ranges; one, or a list of them.
              sshFrom: own-address
              apiFrom: own-address
              ingressFrom: own-address
              # sshPort: 22
              # sshUser: ebb
              # sshKeyFile: ~/.ssh/id_ed25519.pub

            addOns:
              registry: false
              metricsServer: true
              dashboard: false
              ingress: true

            options:
              timeZone: Etc/UTC
              # image: ubuntu-24.04
              # swapGiB: 4
              # scratch: true
              # nvidia: false
              # containerRuntime: containerd
              # airGapped: false
              # tailscale: {authKey: "${TAILSCALE_AUTH_KEY}"}
              # packages: [htop, nfs-common]
              # commands: ["sysctl -w vm.max_map_count=262144"]

            """);
        return text.ToString();
    }

    /// <summary>A cluster's name made of any text, for example of a directory's name.</summary>
    public static string NameFrom(string text)
    {
        var words = text.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-').ToArray();
        var name = string.Join('-', new string(words).Split('-', StringSplitOptions.RemoveEmptyEntries)).TrimStart([.. "0123456789-"]);
        name = name.Length > 30 ? name[..30].TrimEnd('-') : name;
        return Values.Name(2, 30).Problem(name) is null ? name : "tide";
    }

    private static string Word(PoolPriority priority) => priority switch
    {
        PoolPriority.Spot => "spot",
        PoolPriority.SpotThenRegular => "spot-then-regular",
        _ => "regular",
    };

    private static string Account(string name)
    {
        var letters = name.Replace("-", "", StringComparison.Ordinal);
        return letters[..Math.Min(letters.Length, 18)] + "store";
    }
}
