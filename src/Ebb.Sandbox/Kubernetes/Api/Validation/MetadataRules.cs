using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What metadata must look like.</summary>
internal static class MetadataRules
{
    private const string Field = "metadata";

    public static void Check(Kind kind, JsonNode? metadata, Problems problems)
    {
        CheckNames(kind, metadata, problems);
        Names.CheckLabels(metadata?["labels"], Field + ".labels", problems);
        Names.CheckAnnotations(metadata?["annotations"], Field + ".annotations", problems);
        CheckOwners(metadata, problems);
        CheckFinalizers(kind, metadata, problems);
    }

    /// <summary>What may not change.</summary>
    public static void CheckChange(KubeObject stored, JsonNode? metadata, Problems problems)
    {
        var before = stored.Metadata.Texts("finalizers").ToHashSet();
        var more = metadata.Texts("finalizers").Where(finalizer => !before.Contains(finalizer)).Distinct().ToList();
        if (stored.Deleting && more.Count > 0)
        {
            problems.Add(Problem.Forbidden(
                Field + ".finalizers",
                "no new finalizers can be added if the object is being deleted, found new finalizers " +
                $"[]string{{{string.Join(", ", more.Select(finalizer => $"\"{finalizer}\""))}}}"));
        }
    }

    private static void CheckNames(Kind kind, JsonNode? metadata, Problems problems)
    {
        var name = metadata.Text("name") ?? "";
        if (metadata.Text("generateName") is { Length: > 0 } prefix)
        {
            foreach (var wrong in Names.WrongInName(kind, prefix, prefix: true))
            {
                problems.Add(Problem.Invalid(Field + ".generateName", prefix, wrong));
            }
        }

        if (name.Length == 0)
        {
            problems.Add(Problem.Required(Field + ".name", "name or generateName is required"));
            return;
        }

        foreach (var wrong in Names.WrongInName(kind, name, prefix: false))
        {
            problems.Add(Problem.Invalid(Field + ".name", name, wrong));
        }
    }

    private static void CheckOwners(JsonNode? metadata, Problems problems)
    {
        const string field = Field + ".ownerReferences";
        JsonObject? controller = null;
        foreach (var owner in metadata.Objects("ownerReferences"))
        {
            foreach (var (part, word) in new[] { ("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid") })
            {
                if (string.IsNullOrEmpty(owner.Text(part)))
                {
                    problems.Add(Problem.Invalid($"{field}.{part}", owner.Text(part) ?? "", word + " must not be empty"));
                }
            }

            if (owner.IsTrue("controller"))
            {
                if (controller is not null)
                {
                    problems.Add(Problem.Invalid(
                        field,
                        metadata!["ownerReferences"],
                        "Only one reference can have Controller set to true. Found \"true\" in references for " +
                        $"{controller.Text("name")} and {owner.Text("name")}"));
                }

                controller = owner;
            }
        }
    }

    private static void CheckFinalizers(Kind kind, JsonNode? metadata, Problems problems)
    {
        const string field = Field + ".finalizers";
        var finalizers = metadata.Texts("finalizers").ToList();
        foreach (var finalizer in finalizers)
        {
            Names.CheckKey(finalizer, field, problems);
        }

        if (finalizers.Contains("orphan") && finalizers.Contains("foregroundDeletion"))
        {
            problems.Add(Problem.Invalid(
                field, metadata!["finalizers"], "finalizer orphan and foregroundDeletion cannot be both set"));
        }

        for (var i = 0; i < finalizers.Count && !kind.Custom; i++)
        {
            if (!finalizers[i].Contains('/', StringComparison.Ordinal)
                && finalizers[i] is not ("foregroundDeletion" or "orphan" or "kubernetes"))
            {
                problems.Add(Problem.Invalid(
                    $"{field}[{i}]", finalizers[i], "name is neither a standard finalizer name nor is it fully qualified"));
            }
        }
    }
}
