using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What the volumes of pods must look like.</summary>
internal static class VolumeRules
{
    /// <returns>The names that containers may mount.</returns>
    public static IReadOnlySet<string> Check(JsonNode? spec, string path, Problems problems)
    {
        var names = new HashSet<string>();
        var i = 0;
        foreach (var volume in spec.Objects("volumes"))
        {
            var at = $"{path}[{i++}]";
            CheckSource(volume, at, problems);
            var name = volume.Text("name") ?? "";
            if (name.Length == 0)
            {
                problems.Add(Problem.Required(at + ".name"));
                continue;
            }

            var wrong = Names.WrongInLabel(name).ToList();
            wrong.ForEach(rule => problems.Add(Problem.Invalid(at + ".name", name, rule)));
            if (wrong.Count == 0 && !names.Add(name))
            {
                problems.Add(Problem.Duplicate(at + ".name", name));
            }
        }

        return names;
    }

    private static void CheckSource(JsonObject volume, string at, Problems problems)
    {
        var sources = volume.Where(part => part.Key != "name" && part.Value is JsonObject).Select(part => part.Key).ToList();
        foreach (var more in sources.Skip(1))
        {
            problems.Add(Problem.Forbidden($"{at}.{more}", "may not specify more than 1 volume type"));
        }

        foreach (var (source, field) in new[]
        {
            ("hostPath", "path"), ("secret", "secretName"), ("configMap", "name"), ("persistentVolumeClaim", "claimName"),
        })
        {
            if (sources.FirstOrDefault() == source && string.IsNullOrEmpty(volume.Text(source, field)))
            {
                problems.Add(Problem.Required($"{at}.{source}.{field}"));
            }
        }
    }
}
