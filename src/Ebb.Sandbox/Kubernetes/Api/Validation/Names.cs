using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>The rules for names, labels and annotations.</summary>
internal static partial class Names
{
    private const int MostAnnotationBytes = 256 * 1024;

    private const string SubdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
        "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string LabelRule =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with " +
        "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string ValueRule =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
        "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    private const string KeyRule =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
        "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    public static void CheckMetadata(Kind kind, JsonNode? metadata, Problems problems)
    {
        var name = metadata.Text("name");
        var generated = metadata.Text("generateName");
        if (string.IsNullOrEmpty(name))
        {
            if (string.IsNullOrEmpty(generated))
            {
                problems.Add(Problem.Required("metadata.name", "name or generateName is required"));
            }
            else if (CheckName(kind, generated.TrimEnd('-', '.')) is { } rule)
            {
                problems.Add(Problem.Invalid("metadata.generateName", generated, rule));
            }
        }
        else if (CheckName(kind, name) is { } rule)
        {
            problems.Add(Problem.Invalid("metadata.name", name, rule));
        }

        CheckLabels(metadata?["labels"], "metadata.labels", problems);
        CheckAnnotations(metadata.Object("annotations"), problems);
        foreach (var finalizer in metadata.Texts("finalizers"))
        {
            if (!finalizer.Contains('/', StringComparison.Ordinal)
                && finalizer is not ("foregroundDeletion" or "orphan" or "kubernetes"))
            {
                problems.Add(Problem.Invalid("metadata.finalizers", finalizer, "name is neither a standard finalizer name " +
                    "nor is it fully qualified"));
            }
        }
    }

    public static void CheckLabels(JsonNode? labels, string field, Problems problems)
    {
        foreach (var (key, value) in labels as JsonObject ?? [])
        {
            if (CheckKey(key) is { } wrong)
            {
                problems.Add(Problem.Invalid(field, key, wrong));
            }

            var text = value.Text() ?? "";
            if (text.Length > 63)
            {
                problems.Add(Problem.Invalid(field, text, "must be no more than 63 characters"));
            }
            else if (!Value().IsMatch(text))
            {
                problems.Add(Problem.Invalid(field, text, ValueRule));
            }
        }
    }

    /// <summary>Null when it is a good key.</summary>
    public static string? CheckKey(string key)
    {
        var slash = key.LastIndexOf('/');
        var name = key[(slash + 1)..];
        if (slash == 0 || (slash > 0 && (slash > 253 || !Subdomain().IsMatch(key[..slash]))))
        {
            return "prefix part " + SubdomainRule;
        }

        return name.Length == 0 ? "name part must be non-empty"
            : name.Length > 63 ? "name part must be no more than 63 characters"
            : Key().IsMatch(name) ? null : KeyRule;
    }

    public static bool IsLabel(string name) => name.Length is > 0 and <= 63 && Label().IsMatch(name);

    public static string LabelRuleText => LabelRule;

    private static string? CheckName(Kind kind, string name)
    {
        if (kind.Group == "rbac.authorization.k8s.io")
        {
            return name is "." or ".." || name.Contains('/', StringComparison.Ordinal)
                || name.Contains('%', StringComparison.Ordinal) ? "may not contain '/' or '%'" : null;
        }

        if (kind.Plural is "namespaces" or "services")
        {
            return name.Length > 63 ? "must be no more than 63 characters" : Label().IsMatch(name) ? null : LabelRule;
        }

        return name.Length > 253 ? "must be no more than 253 characters" : Subdomain().IsMatch(name) ? null : SubdomainRule;
    }

    private static void CheckAnnotations(JsonObject? annotations, Problems problems)
    {
        var total = 0L;
        foreach (var (key, value) in annotations ?? [])
        {
            if (CheckKey(key.ToLowerInvariant()) is { } wrong)
            {
                problems.Add(Problem.Invalid("metadata.annotations", key, wrong));
            }

            total += key.Length + (value.Text()?.Length ?? 0);
        }

        if (total > MostAnnotationBytes)
        {
            problems.Add(Problem.TooLong("metadata.annotations", MostAnnotationBytes));
        }
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Label();

    [GeneratedRegex(@"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\z")]
    private static partial Regex Value();

    [GeneratedRegex(@"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z")]
    private static partial Regex Key();
}
