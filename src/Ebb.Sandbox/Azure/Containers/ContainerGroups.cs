using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Network;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Containers;

/// <summary>
/// Container groups: checked, given an address and a state. No container runs in them; those of a group that is done
/// starting are said to be running until it is stopped.
/// </summary>
internal sealed partial class ContainerGroups() : ResourceType("Microsoft.ContainerInstance", "containerGroups")
{
    public const string Full = "Microsoft.ContainerInstance/containerGroups";

    private const int MaxGroups = 100;

    // When each was last stopped or started by hand; absent: never.
    private readonly Dictionary<string, (bool Running, DateTimeOffset At, int Restarts)> _powers = [];

    private enum Restart
    {
        Always,
        OnFailure,
        Never,
    }

    public override NameRule Names { get; } = new(GroupName(), "1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit");

    public override ImmutableArray<string> ApiVersions => ["2023-05-01", "2022-10-01-preview", "2021-09-01", "2018-10-01", "2018-06-01"];

    protected internal override Latency? WriteTakes(Writing w) => w.World.Options.Create;

    protected internal override void Complete(Writing w)
    {
        var p = w.Properties;
        p.Remove("instanceView");
        var os = OptionalText(p, "osType") ?? throw Required("osType");
        p["osType"] = Is(os, "Windows") ? "Windows" : Is(os, "Linux") ? "Linux" : throw Invalid("osType", $"The value '{os}' of parameter 'osType' is not valid. Allowed values are 'Linux', 'Windows'.");
        p["restartPolicy"] = (Enumeration<Restart>(p, "restartPolicy") ?? Restart.Always).ToString();
        p[KeyIn(p, "sku")] ??= "Standard";
        p[KeyIn(p, "initContainers")] ??= new JsonArray();
        ContainerRules.Check(w);
        CheckUpdate(w);
        if (w.Old is null && w.Store.OfType(FullName).Count() >= Limit(w.Store))
        {
            throw JsonRead.Refuse("ContainerGroupQuotaReached", $"Resource type '{Full}' container group quota 'ContainerGroups' exceeded in region '{w.World.Options.Location}'. Limit: '{Limit(w.Store)}', Usage: '{Limit(w.Store)}' Requested: '1'.");
        }

        GiveAddress(w);
    }

    protected internal override Outcome<Operation?> Write(Writing w) => w.Old?.Provisioning is ProvisioningState.Creating or ProvisioningState.Updating
        ? new CloudError(409, "ContainerGroupTransitioning", $"The container group '{w.Id.Name}' is still transitioning, please retry later.")
        : new Outcome<Operation?>();

    protected internal override void Written(Writing w, Resource resource) => _powers.Remove(resource.Id.Key);

    protected internal override void Deleted(ResourceStore store, Resource resource) => _powers.Remove(resource.Id.Key);

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        var properties = json["properties"]!.AsObject();
        ContainerRules.Hide(properties);
        if (resource.Provisioning is ProvisioningState.Creating or ProvisioningState.Updating)
        {
            properties["provisioningState"] = "Pending";
        }

        // A list says nothing of how each is.
        if (ResourceId.At(r.Segments) is var (_, rest) && rest.Length % 2 == 0 && r.Method == "GET")
        {
            return;
        }

        var (running, since, restarts) = _powers.GetValueOrDefault(resource.Id.Key, (true, resource.ChangedAt, 0));
        var state = resource.Provisioning == ProvisioningState.Succeeded ? running ? "Running" : "Stopped" : "Pending";
        properties["instanceView"] = new JsonObject { ["events"] = new JsonArray(), ["state"] = state };
        foreach (var container in ScaleSetJson.Items(properties, "containers"))
        {
            var view = new JsonObject { ["restartCount"] = restarts };
            if (state != "Pending")
            {
                view["currentState"] = new JsonObject
                {
                    ["state"] = running ? "Running" : "Terminated",
                    [running ? "startTime" : "finishTime"] = ScaleSetJson.Time(since),
                    ["detailStatus"] = "",
                };
            }

            view["events"] = new JsonArray();
            ScaleSetJson.Child(container, "properties")["instanceView"] = view;
        }
    }

    protected internal override ArmReply? Below(ResourceStore store, Resource resource, string part, ArmRequest r) => (r.Method, part) switch
    {
        ("POST", "start") => Power(store, resource, true),
        ("POST", "stop") => Power(store, resource, false),
        ("POST", "restart") => Power(store, resource, true),
        _ => null,
    };

    protected internal override ArmReply? Elsewhere(ResourceStore store, ArmRequest r) => (r.Method, r.Lower) switch
    {
        ("GET", ["subscriptions", _, "providers", "microsoft.containerinstance", "locations", _, "usages"]) => ArmReply.From(
            store.World.Serve<JsonObject>(CallKind.GetResource, null, FullName, () => ScaleSetRoutes.Value([new JsonObject
            {
                ["unit"] = "Count",
                ["currentValue"] = store.OfType(FullName).Count(),
                ["limit"] = Limit(store),
                ["name"] = new JsonObject { ["value"] = "ContainerGroups", ["localizedValue"] = "Container Groups" },
            }])),
            json => new ArmReply(200, json)),
        _ => null,
    };

    private ArmReply Power(ResourceStore store, Resource resource, bool running)
    {
        if (resource.Provisioning != ProvisioningState.Succeeded)
        {
            return ArmReply.Error(409, "ContainerGroupTransitioning", $"The container group '{resource.Name}' is still transitioning, please retry later.");
        }

        var restarts = _powers.GetValueOrDefault(resource.Id.Key).Restarts;
        _powers[resource.Id.Key] = (running, store.World.Agenda.Now, running ? restarts + 1 : restarts);
        return new ArmReply(204);
    }

    private static int Limit(ResourceStore store) => store.World.Options.Quotas.GetValueOrDefault("ContainerGroups", MaxGroups);

    private static void CheckUpdate(Writing w)
    {
        if (w.Old is { } old && (Differs("osType") || Differs("restartPolicy") || Differs("subnetIds") || Sizes(old.Properties) != Sizes(w.Properties)))
        {
            throw JsonRead.Refuse("InvalidContainerGroupUpdate",
                $"The updates on container group '{w.Id.Name}' are invalid. If you are going to update the os type, restart policy, network profile, CPU, memory or GPU resources for a container group, you must delete it first and then create a new one.");
        }

        bool Differs(string name) => !JsonNode.DeepEquals(w.Old!.Properties[name], w.Properties[name]);

        static string Sizes(JsonObject p) => string.Join(' ', ScaleSetJson.Items(p, "containers")
            .Select(c => $"{Text(c["name"])} {At(c, "properties", "resources", "requests", "cpu")} {At(c, "properties", "resources", "requests", "memoryInGB")}"));
    }

    private static void GiveAddress(Writing w)
    {
        if (Object(w.Properties, "ipAddress") is not { } address)
        {
            return;
        }

        address.Remove("ip");
        address.Remove("fqdn");
        var kept = w.Old is null ? null : Text(At(w.Old.Properties, "ipAddress", "ip"));
        if (!Is(OptionalText(address, "type") ?? throw Required("ipAddress.type"), "Public"))
        {
            var subnet = Get(w.Properties, "subnetIds") is JsonArray { Count: > 0 } subnets ? OptionalText(subnets[0] as JsonObject, "id") : null;
            address["ip"] = kept ?? Addresses.NextIn(w, subnet ?? throw JsonRead.Refuse("InvalidIPAddress", $"Container group '{w.Id.Name}' has a private address and no subnetIds."));
            return;
        }

        address["ip"] = kept ?? Addresses.NextPublic(w.Store, v6: false);
        if (OptionalText(address, "dnsNameLabel") is not { } label)
        {
            return;
        }

        if (!LabelPattern().IsMatch(label))
        {
            throw JsonRead.Refuse("InvalidDnsNameLabel", $"The DNS name label '{label}' in container group '{w.Id.Name}' is invalid. It can contain only lowercase letters, numbers and hyphens. The first character must be a letter. The last character must be a letter or number. The value must be between 5 and 63 characters long.");
        }

        if (w.Store.OfType(Full).Any(g => g.Id != w.Id && label.Equals(Text(At(g.Properties, "ipAddress", "dnsNameLabel")), StringComparison.OrdinalIgnoreCase)))
        {
            throw JsonRead.Refuse("DnsNameLabelNotAvailable", $"The DNS name label '{label}' in container group '{w.Id.Name}' not available. Try using a different label.");
        }

        address["fqdn"] = $"{label}.{w.World.Options.Location}.azurecontainer.io";
    }

    [GeneratedRegex(@"^(?!.*--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex GroupName();

    [GeneratedRegex(@"^[a-z][a-z0-9-]{3,61}[a-z0-9]\z")]
    private static partial Regex LabelPattern();
}
