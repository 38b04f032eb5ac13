using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Resources;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Containers;

/// <summary>What the containers and volumes of a group must be like, and which of it is never given back.</summary>
internal static partial class ContainerRules
{
    private const int MaxContainers = 60;
    private const int MaxVolumes = 20;
    private const int MaxPorts = 5;

    private static readonly string[] VolumeKinds = ["azureFile", "emptyDir", "secret", "gitRepo"];

    public static void Check(Writing w)
    {
        var p = w.Properties;
        var volumes = Volumes(p);
        var containers = List(p, "containers", MaxContainers);
        if (containers.Count == 0)
        {
            throw Refuse("InvalidContainerGroup", $"Container group '{w.Id.Name}' has no container.");
        }

        var ports = new HashSet<(int, string)>();
        foreach (var container in containers.Concat(List(p, "initContainers", MaxContainers)))
        {
            var name = Text(container["name"])!;
            var properties = Object(container, "properties") ?? throw Required($"containers.{name}.properties");
            if (string.IsNullOrEmpty(OptionalText(properties, "image")))
            {
                throw Refuse("InvalidContainer", $"Container '{name}' in container group '{w.Id.Name}' has no image.");
            }

            CheckVariables(name, properties);
            CheckMounts(name, properties, volumes);
        }

        foreach (var container in containers)
        {
            var properties = Object(container, "properties")!;
            CheckSize(Text(container["name"])!, properties);
            foreach (var port in Ports(properties))
            {
                if (!ports.Add(port))
                {
                    throw Refuse("DuplicateContainerPorts", $"Container group '{w.Id.Name}' uses port {port.Port} more than once: its containers share one network.");
                }
            }
        }

        CheckOpen(w, Object(p, "ipAddress"), ports);
    }

    /// <summary>Takes out of an answer what is secret.</summary>
    public static void Hide(JsonObject properties)
    {
        foreach (var volume in ScaleSetJson.Items(properties, "volumes"))
        {
            (Get(volume, "azureFile") as JsonObject)?.Remove("storageAccountKey");
            if (Get(volume, "secret") is not null)
            {
                volume[KeyIn(volume, "secret")] = new JsonObject();
            }
        }

        foreach (var container in ScaleSetJson.Items(properties, "containers").Concat(ScaleSetJson.Items(properties, "initContainers")))
        {
            foreach (var variable in ScaleSetJson.Items(container["properties"], "environmentVariables"))
            {
                variable.Remove("secureValue");
            }
        }

        foreach (var registry in ScaleSetJson.Items(properties, "imageRegistryCredentials"))
        {
            registry.Remove("password");
        }

        (At(properties, "diagnostics", "logAnalytics") as JsonObject)?.Remove("workspaceKey");
    }

    private static HashSet<string> Volumes(JsonObject p)
    {
        var volumes = List(p, "volumes", MaxVolumes);
        foreach (var volume in volumes)
        {
            var kinds = VolumeKinds.Where(k => Get(volume, k) is not null).ToList();
            if (kinds.Count != 1)
            {
                throw Refuse("InvalidVolume", $"Volume '{Text(volume["name"])}' must be exactly one of {string.Join(", ", VolumeKinds)}.");
            }

            var body = Object(volume, kinds[0])!;
            string[] required = kinds[0] switch
            {
                "azureFile" => ["shareName", "storageAccountName"],
                "gitRepo" => ["repository"],
                _ => [],
            };
            foreach (var name in required)
            {
                if (string.IsNullOrEmpty(OptionalText(body, name)))
                {
                    throw Required($"volumes.{Text(volume["name"])}.{kinds[0]}.{name}");
                }
            }

            if (kinds[0] == "secret" && body.Any(s => Text(s.Value) is not { } value || !Convert.TryFromBase64String(value, new byte[value.Length], out _)))
            {
                throw Refuse("InvalidSecretVolume", $"The values of secret volume '{Text(volume["name"])}' must be base64.");
            }
        }

        return volumes.Select(v => Text(v["name"])!).ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    private static void CheckVariables(string container, JsonObject properties)
    {
        foreach (var variable in ScaleSetJson.Items(properties, KeyIn(properties, "environmentVariables")))
        {
            var name = OptionalText(variable, "name") ?? throw Required("environmentVariables.name");
            if (!VariableName().IsMatch(name))
            {
                throw Refuse("InvalidEnvironmentVariable", $"Environment variable '{name}' of container '{container}' has a name that is not 1 to 63 letters, digits or '_', beginning with no digit.");
            }
        }
    }

    private static void CheckMounts(string container, JsonObject properties, HashSet<string> volumes)
    {
        foreach (var mount in ScaleSetJson.Items(properties, KeyIn(properties, "volumeMounts")))
        {
            var volume = OptionalText(mount, "name") ?? throw Required("volumeMounts.name");
            if (!volumes.Contains(volume))
            {
                throw Refuse("VolumeMountNotFound", $"Container '{container}' mounts volume '{volume}', which its group does not have.");
            }

            if (OptionalText(mount, "mountPath") is not { Length: > 0 } path || path.Contains(':', StringComparison.Ordinal))
            {
                throw Refuse("InvalidMountPath", $"Container '{container}' mounts volume '{volume}' at no path, or at one with a colon.");
            }
        }
    }

    private static void CheckSize(string container, JsonObject properties)
    {
        var requests = Object(Object(properties, "resources"), "requests") ?? throw Required($"containers.{container}.resources.requests");
        foreach (var name in (ReadOnlySpan<string>)["cpu", "memoryInGB"])
        {
            if (!decimal.TryParse(Get(requests, name)?.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var amount) || amount <= 0)
            {
                throw Refuse("InvalidContainerResources", $"Container '{container}' must ask for an amount of {name} above 0.");
            }
        }
    }

    private static void CheckOpen(Writing w, JsonObject? address, HashSet<(int Port, string Protocol)> ports)
    {
        if (address is null)
        {
            return;
        }

        var open = Ports(address).ToList();
        if (open.Count is 0 or > MaxPorts)
        {
            throw Refuse("InvalidIPAddressPorts", $"The IP address of container group '{w.Id.Name}' must have 1 to {MaxPorts} ports.");
        }

        foreach (var (port, protocol) in open.Where(o => !ports.Contains(o)))
        {
            throw Refuse("MissingIpAddressPorts", $"The port {port}/{protocol} of the IP address of container group '{w.Id.Name}' is exposed by none of its containers.");
        }
    }

    private static IEnumerable<(int Port, string Protocol)> Ports(JsonObject parent)
    {
        foreach (var item in ScaleSetJson.Items(parent, KeyIn(parent, "ports")))
        {
            var port = Whole(item, "port") is { } number and > 0 and <= 65535 ? number : throw Refuse("InvalidPort", "A port must be from 1 to 65535.");
            yield return (port, (OptionalText(item, "protocol") ?? "TCP").ToUpperInvariant());
        }
    }

    private static List<JsonObject> List(JsonObject p, string name, int most)
    {
        var items = Get(p, name) switch
        {
            null => [],
            JsonArray array => array.Select(i => i as JsonObject ?? throw InvalidContent(name, "a list of objects")).ToList(),
            _ => throw InvalidContent(name, "a list"),
        };
        if (items.Count > most)
        {
            throw Refuse("TooManyItems", $"A container group may have {most} {name}.");
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var item in items)
        {
            var one = OptionalText(item, "name") ?? throw Required($"{name}.name");
            if (!ItemName().IsMatch(one) || !names.Add(one))
            {
                throw Refuse("InvalidContainerGroup", $"The name '{one}' in '{name}' is given twice, or is not 1 to 63 lower-case letters, digits and hyphens.");
            }
        }

        return items;
    }

    [GeneratedRegex(@"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex ItemName();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,62}\z")]
    private static partial Regex VariableName();
}
