using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Cli.Provisioning.Templates;

namespace Ebb.Cli.Provisioning.Orders;

/// <summary>
/// Commands of k3s that control-plane machines run once, in their turn, with which keys and passwords are exchanged. In the orders,
/// below <c>configuration.k3s</c>: <c>"rotate": ID, "commands": [["k3s", "certificate", "rotate"], ...], "on": MACHINE</c>.
/// They run after files and texts were written and before k3s is restarted, which it always is.
/// </summary>
/// <param name="Id">A machine that has carried it out does not do so again. Letters, digits and dashes.</param>
/// <param name="Commands">
/// Each begins with one of <see cref="Allowed"/>. <c>@/etc/ebb/PATH</c> in place of an argument stands for that file's first line, so
/// that no secret is in the orders. A file of <c>/etc/ebb/k3s</c> that a command names as <c>PATH.next</c> is replaced once that command has
/// succeeded: what k3s starts with is what its store is sealed with. What it held before lies beside it as <c>PATH.before</c>.
/// </param>
internal sealed record K3sRotation(string Id, ImmutableArray<ImmutableArray<string>> Commands)
{
    /// <summary>What machines accept. Of these only <c>certificate rotate</c> wants k3s stopped, which they see to.</summary>
    public static ImmutableArray<string> Allowed { get; } =
    [
        "k3s certificate rotate",
        "k3s certificate rotate-ca",
        "k3s token rotate",
        "k3s secrets-encrypt prepare",
        "k3s secrets-encrypt rotate",
        "k3s secrets-encrypt reencrypt",
        "k3s secrets-encrypt rotate-keys",
    ];

    /// <summary>The machine that runs the commands, where they are for the cluster as a whole; the others restart k3s only. Null: each runs them.</summary>
    public string? On { get; init; }

    /// <param name="k3s">The object <c>k3s</c> of a configuration.</param>
    /// <returns>Null where it says nothing of one.</returns>
    public static K3sRotation? Read(JsonNode? k3s) => (string?)k3s?["rotate"] is not { } id
        ? null
        : new K3sRotation(id, [.. (k3s!["commands"]?.AsArray() ?? []).Select(command => command!.AsArray().Select(word => (string)word!).ToImmutableArray())]) { On = (string?)k3s["on"] };

    /// <param name="k3s">The object <c>k3s</c> of a configuration.</param>
    public void Write(JsonObject k3s)
    {
        if (Commands.Select(command => string.Join(' ', command.Take(3))).FirstOrDefault(begin => !Allowed.Contains(begin)) is { } other)
        {
            throw new ArgumentException($"Machines do not run '{other}': only {string.Join(", ", Allowed)}.", nameof(k3s));
        }

        k3s["rotate"] = Id;
        k3s["commands"] = new JsonArray([.. Commands.Select(command => (JsonNode?)Arm.Strings(command))]);
        if (On is not null)
        {
            k3s["on"] = On;
        }
    }
}
