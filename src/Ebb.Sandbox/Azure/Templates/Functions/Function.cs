using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>A function of the language.</summary>
/// <param name="Least">Fewest arguments.</param>
/// <param name="Most">Most arguments.</param>
internal sealed record Function(string Name, int Least, int Most, Func<Arguments, JsonNode?> Body)
{
    public const int Any = int.MaxValue;

    /// <summary>The function has a meaning only where this is allowed.</summary>
    public Uses Needs { get; init; }

    /// <summary>It returns what exists already, and makes nothing.</summary>
    public bool Passes { get; init; }

    public void Check(Arguments arguments)
    {
        CheckCount(arguments.Count);
        if (Needs != Uses.None && !arguments.On.Allowed.HasFlag(Needs))
        {
            throw TemplateException.Expression($"The template function '{Name}' is not expected at this location. Please see https://aka.ms/arm-functions for usage details.");
        }
    }

    public void CheckCount(int count)
    {
        if (count >= Least && count <= Most)
        {
            return;
        }

        var wanted = Least == Most ? $"exactly {Least}" : Most == Any ? $"at least {Least}" : $"{Least} to {Most}";
        throw TemplateException.Expression(
            $"Unable to evaluate template language function '{Name}': function requires {wanted} argument(s) while '{count}' were provided. Please see https://aka.ms/arm-functions for usage details.");
    }
}
