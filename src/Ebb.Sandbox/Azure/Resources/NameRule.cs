using System.Text.RegularExpressions;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>Which names a type of resource allows.</summary>
internal sealed partial record NameRule(Regex Pattern, string Says)
{
    /// <summary>Subnets, security groups, addresses, interfaces, load balancers, availability sets: the same alphabet.</summary>
    public static NameRule Common { get; } = new(
        CommonPattern(), "1 to 80 letters, digits, '_', '.', '-', beginning with a letter or digit and ending with one or '_'");

    public static NameRule VirtualNetwork { get; } = new(
        VirtualNetworkPattern(), "2 to 64 letters, digits, '_', '.', '-', beginning with a letter or digit and ending with one or '_'");

    public static NameRule Machine { get; } = new(
        MachinePattern(), "1 to 64 characters, not beginning with '_', not ending in '.' or '-', none of \\ / \" [ ] : | < > + = ; , ? * @ &");

    public static NameRule Identity { get; } = new(
        IdentityPattern(), "3 to 128 letters, digits, '-', '_', beginning with a letter or digit");

    public static NameRule Guid { get; } = new(GuidPattern(), "a GUID");

    /// <summary>Any text that is not empty: for types whose names nobody checks.</summary>
    public static NameRule Any { get; } = new(AnyPattern(), "1 to 260 characters");

    /// <summary>Why the name is refused; null when it is not.</summary>
    public CloudError? Check(string name) => Pattern.IsMatch(name)
        ? null
        : new CloudError(400, "InvalidResourceName", $"Resource name {name} is invalid. The name must be {Says}.");

    [GeneratedRegex(@"^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?\z")]
    private static partial Regex CommonPattern();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}[A-Za-z0-9_]\z")]
    private static partial Regex VirtualNetworkPattern();

    [GeneratedRegex(@"^(?!_)[^\\/""\[\]:|<>+=;,?*@&\s#%\p{C}]{1,64}(?<![.-])\z")]
    private static partial Regex MachinePattern();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_-]{2,127}\z")]
    private static partial Regex IdentityPattern();

    [GeneratedRegex(@"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\z")]
    private static partial Regex GuidPattern();

    [GeneratedRegex(@"^[^/\p{C}]{1,260}\z")]
    private static partial Regex AnyPattern();
}
