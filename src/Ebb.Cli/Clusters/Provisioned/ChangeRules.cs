using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ebb.Cli.Definition;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What it means for a running cluster that one property of a resource becomes another.</summary>
internal enum Effect
{
    /// <summary>Nothing: someone else's to set, or not really a change.</summary>
    None,

    /// <summary>At once, and nothing stops for it.</summary>
    InPlace,

    /// <summary>For machines that come; those that are there stay as they are until they are reimaged or replaced.</summary>
    NewMachines,

    /// <summary>For machines that come alone; Azure gives those that run no other, reimaged or not.</summary>
    NewMachinesOnly,

    /// <summary>The machine starts anew.</summary>
    Restart,

    /// <summary>The resource is deleted and made anew, with what runs on it.</summary>
    Replace,

    /// <summary>Azure does not do it.</summary>
    Impossible,
}

/// <summary>Knows which properties Azure lets change, and how.</summary>
internal static partial class ChangeRules
{
    private const RegexOptions Loosely = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;

    private const string Masked = "*******";

    // The first that matches counts. Type, property, effect.
    private static readonly (string Type, string Path, Effect Effect)[] Rules =
    [
        // How many machines there are is the controller's to say.
        ("Microsoft.Compute/virtualMachineScaleSets", @"sku\.capacity", Effect.None),

        // One that may spread over several placement groups does not go back to one, and is left as it is.
        ("Microsoft.Compute/virtualMachineScaleSets", @"properties\.singlePlacementGroup", Effect.InPlace),
        ("Microsoft.Compute/virtualMachineScaleSets", @"zones.*|properties\.(platformFaultDomainCount|orchestrationMode|zoneBalance)", Effect.Replace),
        ("Microsoft.Compute/virtualMachineScaleSets", @"properties\.virtualMachineProfile\.(priority|osProfile\.(computerNamePrefix|adminUsername).*)", Effect.Replace),

        // Azure's page "Modify a Virtual Machine Scale Set" has these as set once and for all.
        ("Microsoft.Compute/virtualMachineScaleSets", @"properties\.virtualMachineProfile\.storageProfile\.imageReference\.(publisher|offer)", Effect.Replace),
        ("Microsoft.Compute/virtualMachineScaleSets", @"properties\.virtualMachineProfile\.storageProfile\.osDisk\.(managedDisk\.storageAccountType|diffDiskSettings.*)", Effect.Replace),

        // First-boot configuration is never given out, so that Azure always shows it as new. Another one comes with another template,
        // which is known without asking.
        ("Microsoft.Compute/virtualMachineScaleSets", @"properties\.virtualMachineProfile\.osProfile\.customData", Effect.None),

        // What stands on hardware keeps its limit (the error codes of "Azure Spot Virtual Machines": MaxPriceChangeNotAllowedForAllocatedVMs).
        ("Microsoft.Compute/virtualMachineScaleSets", @"properties\.virtualMachineProfile\.billingProfile(\.maxPrice)?", Effect.NewMachinesOnly),
        ("Microsoft.Compute/virtualMachineScaleSets", @"sku\..*|properties\.virtualMachineProfile\..*", Effect.NewMachines),
        ("Microsoft.Compute/virtualMachines", @"properties\.osProfile\.customData", Effect.None),

        // A machine keeps those that it was made with, in Azure's books; on its disk they are changed by what it follows.
        ("Microsoft.Compute/virtualMachines", @"properties\.osProfile\.linuxConfiguration\.ssh.*", Effect.None),
        ("Microsoft.Compute/virtualMachines", @"properties\.(hardwareProfile\.vmSize|storageProfile\.osDisk\.diskSizeGB)", Effect.Restart),

        // Of a deleted machine nothing stays but its network card: all of this is another machine's.
        ("Microsoft.Compute/virtualMachines", @"zones.*|properties\.(availabilitySet|osProfile|storageProfile).*", Effect.Replace),
        ("Microsoft.Compute/virtualMachines", @"properties\.(networkProfile|priority).*", Effect.Impossible),
        // Its name follows from scope, principal and role, which is all there is to it; Azure shows the principal as not yet evaluated.
        ("Microsoft.Authorization/roleAssignments", @".*", Effect.None),
        ("Microsoft.Compute/availabilitySets", @"sku.*|properties\.platform.*", Effect.Impossible),

        // One that is there keeps those that it was made with, and outlives machines that go to others.
        ("Microsoft.Network/publicIPAddresses", @"zones.*", Effect.None),
        ("Microsoft.Network/publicIPAddresses", @"sku.*|properties\.publicIPAddressVersion", Effect.Impossible),
        ("Microsoft.Storage/storageAccounts", @"kind|properties\.isHnsEnabled", Effect.Impossible),

        // Machines keep the addresses that they have: a subnet only becomes wider.
        ("Microsoft.Network/virtualNetworks", @"properties\.subnets\.properties\.addressPrefix", Effect.Impossible),
        ("Microsoft.Network/networkInterfaces", @"properties\.ipConfigurations\.properties\.privateIPAddress", Effect.Impossible),

        // A card that is there is left so by every deployment; where its machine's new size does not go with it, it is switched off with that.
        ("Microsoft.Network/networkInterfaces", @"properties\.enableAcceleratedNetworking", Effect.None),
        ("", @"location", Effect.Impossible),
    ];

    public static Effect Of(string type, PropertyChange change)
    {
        if (IsNoise(change))
        {
            return Effect.None;
        }

        // Lists are numbered by some and bracketed by others: the rules leave the numbers out.
        var path = Index().Replace(change.Path, "");
        foreach (var (ruled, pattern, effect) in Rules)
        {
            if ((ruled.Length == 0 || ruled.Equals(type, StringComparison.OrdinalIgnoreCase)) && Regex.IsMatch(path, $@"\A(?:{pattern})\z", Loosely))
            {
                return Adjusted(path, effect, change);
            }
        }

        return Effect.InPlace;
    }

    /// <summary>For people: what comes of it.</summary>
    public static string Word(Effect effect) => effect switch
    {
        Effect.None => "no change",
        Effect.InPlace => "changed in place",
        Effect.NewMachines => "changed for new machines; those that run stay as they are until they are reimaged",
        Effect.NewMachinesOnly => "changed for new machines only; those that run keep theirs until they are replaced, and are not upgraded or reimaged before",
        Effect.Restart => "changed in place; the machine restarts",
        Effect.Replace => "replaced: deleted and made anew, and whatever runs on it ends",
        Effect.Impossible => "cannot be changed",
        _ => throw new ArgumentOutOfRangeException(nameof(effect), effect, null),
    };

    /// <summary>A disk and a subnet grow and never shrink; a quicker kind of disk than the machine was made with is for those that come.</summary>
    private static Effect Adjusted(string path, Effect effect, PropertyChange change) => path.Split('.')[^1] switch
    {
        "diskSizeGB" when effect is Effect.Restart => change is { Before: { } before, After: { } after } && before.TryGetInt32(out var was) && after.TryGetInt32(out var now) && now > was ? Effect.Restart : Effect.Replace,
        "storageAccountType" when effect is Effect.Replace && OfDisk().IsMatch(path) && change.After?.ToString().StartsWith("Premium", StringComparison.OrdinalIgnoreCase) == true => Effect.None,
        "addressPrefix" when IPNetwork.TryParse(change.Before?.ToString(), out var narrow) && IPNetwork.TryParse(change.After?.ToString(), out var wide) && Addresses.Within(narrow, wide) => Effect.InPlace,
        "singlePlacementGroup" when change.After is { ValueKind: JsonValueKind.True } => Effect.None,
        _ => effect,
    };

    /// <summary>What Azure's comparison shows though deploying changes nothing; it says of itself that it does so.</summary>
    private static bool IsNoise(PropertyChange change) => (change.Before, change.After) switch
    {
        (null, null) => false,
        var (before, after) when IsEmpty(before) && IsEmpty(after) => true,

        // The template does not name it, and so leaves it: Azure filled it in, or somebody has. An item of a list that the template
        // does name goes, and so does a tag of ours. That a disk is on its host nobody fills in.
        (_, null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined }) =>
            !LastIsIndex().IsMatch(change.Path) && !change.Path.StartsWith("tags.ebb-", StringComparison.OrdinalIgnoreCase)
            && !change.Path.Contains(".osDisk.diffDiskSettings", StringComparison.OrdinalIgnoreCase),

        // Not evaluated yet; or the value of a secret parameter, which Azure shows to nobody and compares with nothing.
        (_, { ValueKind: JsonValueKind.String } after) when after.GetString() is ['[', .., ']'] or Masked => true,
        ({ } before, { } after) => Same(change.Path, before, after),

        // Of a machine that is deallocated, Azure does not tell what its disk is like.
        (null, _) => OfDisk().IsMatch(change.Path),
    };

    /// <summary>Azure fills in <c>false</c> and empty lists where nothing was said.</summary>
    private static bool IsEmpty(JsonElement? value) => value switch
    {
        null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined or JsonValueKind.False } => true,
        { ValueKind: JsonValueKind.String } text => text.GetString()!.Length == 0,
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength() == 0,
        { ValueKind: JsonValueKind.Object } o => !o.EnumerateObject().Any(),
        _ => false,
    };

    /// <summary>Whether both mean the same: Azure writes names as it likes them, numbers as text or with decimals, and regions with blanks. Tags are taken at their word.</summary>
    public static bool Same(string path, JsonElement before, JsonElement after)
    {
        if (before.ValueKind is JsonValueKind.Object or JsonValueKind.Array || after.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
        {
            return JsonElement.DeepEquals(before, after);
        }

        var (old, made) = (before.ToString(), after.ToString());
        if (path.Equals("location", StringComparison.OrdinalIgnoreCase))
        {
            (old, made) = (old.Replace(" ", "", StringComparison.Ordinal), made.Replace(" ", "", StringComparison.Ordinal));
        }

        return path.StartsWith("tags.", StringComparison.OrdinalIgnoreCase) ? old == made
            : old.Equals(made, StringComparison.OrdinalIgnoreCase)
                || ((before.ValueKind is JsonValueKind.Number || after.ValueKind is JsonValueKind.Number)
                    && decimal.TryParse(old, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                    && decimal.TryParse(made, NumberStyles.Float, CultureInfo.InvariantCulture, out var same) && number == same)
                || (IPNetwork.TryParse(old, out var one) && IPNetwork.TryParse(made, out var other) && one.Equals(other));
    }

    [GeneratedRegex(@"\[[^\]]*\]|\.\d+(?=\.|\z)")]
    private static partial Regex Index();

    [GeneratedRegex(@"(?:\[\d+\]|\.\d+)\z")]
    private static partial Regex LastIsIndex();

    [GeneratedRegex(@"\Aproperties\.storageProfile\.osDisk\.(diskSizeGB|managedDisk\.storageAccountType)\z", Loosely | RegexOptions.ExplicitCapture)]
    private static partial Regex OfDisk();
}
