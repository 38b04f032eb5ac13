using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>The name of an environment variable, which alone holds the secret. No message shows what was written or what it holds.</summary>
internal sealed partial class SecretShape : ScalarShape<Secret>
{
    // Longer than any key; shorter than what a mistaken file would bring.
    private const int Longest = 4096;

    private const string Pattern = @"\$\{[A-Za-z_][A-Za-z0-9_]*\}";

    public override string Expected => "the name of an environment variable that holds it, for example ${TAILSCALE_AUTH_KEY}";

    public override JsonObject Schema() => new() { ["type"] = "string", ["pattern"] = $"^{Pattern}$", ["maxLength"] = 100 };

    public override JsonNode Json(Secret value) => JsonValue.Create(value.ToString());

    protected override bool TryTake(
        string text, ScalarKind kind, Reading reading, [MaybeNullWhen(false)] out Secret value, [NotNullWhen(false)] out string? problem)
    {
        value = null;
        if (text.Length > 100 || !Variable().IsMatch(text))
        {
            problem = $"a secret does not stand in a file that others read. Write {Expected}.";
            return false;
        }

        var variable = text[2..^1];
        var held = reading.Environment(variable);
        problem = held switch
        {
            null => $"the environment variable {variable} is not set. Set it before you run ebb, for example: export {variable}=...",
            "" => $"the environment variable {variable} is empty. Set it to the secret.",
            { Length: > Longest } => $"what the environment variable {variable} holds is too long for a secret. Check what it was set from.",
            _ when held.Any(char.IsControl) => $"what the environment variable {variable} holds has a line break or another control character in it. Check what it was set from.",
            _ => null,
        };
        if (problem is not null)
        {
            return false;
        }

        value = new Secret(variable, held!);
        return true;
    }

    [GeneratedRegex($@"\A{Pattern}\z")]
    private static partial Regex Variable();
}
