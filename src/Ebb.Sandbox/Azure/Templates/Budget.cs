using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates;

/// <summary>How much a template may still compute: no template, however wicked, holds up the sandbox or fills its memory.</summary>
internal sealed class Budget
{
    // A template of 800 resources with a hundred expressions each takes a tenth of it.
    private const long MostSteps = 1_000_000;

    // Four times what a template may have after its expansion, in characters and values.
    private const long MostSize = 16 << 20;

    // What can be written again inside an answer around it.
    private const int MostLevels = 50;

    private long _steps;
    private long _size;

    /// <summary>What comes now is work of its own: a deployment that runs is not charged for having been checked.</summary>
    public void Renew() => (_steps, _size) = (0, 0);

    /// <summary>One more call or access.</summary>
    public void Step()
    {
        if (++_steps > MostSteps)
        {
            throw TemplateException.Invalid($"The template language expressions need more than {MostSteps} steps to evaluate.");
        }

        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw TemplateException.Invalid("The template language expressions are nested too deeply.");
        }
    }

    /// <summary>Is told of a size before that much is made.</summary>
    public void Take(long size)
    {
        _size += size;
        if (_size > MostSize)
        {
            throw TemplateException.Invalid($"The template's values exceed the limit of {MostSize} characters while they are evaluated.");
        }
    }

    /// <summary>Counts a value that was made, and refuses one that is nested too deeply to be written.</summary>
    public void Count(JsonNode? value) => Visit(value, 0, Take);

    /// <summary>Refuses a value that is nested too deeply, and counts nothing.</summary>
    public static void RefuseDeep(JsonNode? value) => Visit(value, 0, _ => { });

    private static void Visit(JsonNode? value, int level, Action<long> take)
    {
        if (level > MostLevels)
        {
            throw TemplateException.Invalid($"A value of the template is nested more than {MostLevels} levels deep.");
        }

        take(1 + (Values.Text(value)?.Length ?? 0));
        switch (value)
        {
            case JsonArray array:
                foreach (var item in array)
                {
                    Visit(item, level + 1, take);
                }

                break;
            case JsonObject o:
                foreach (var (name, item) in o)
                {
                    take(name.Length);
                    Visit(item, level + 1, take);
                }

                break;
        }
    }
}
