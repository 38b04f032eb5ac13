using System.Collections.Frozen;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Selects objects by one of the few fields that the API allows for their kind.</summary>
internal sealed class FieldSelector
{
    public static readonly FieldSelector Everything = new([]);

    private static readonly FrozenDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["pods"] =
        [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
            "status.phase", "status.podIP", "status.nominatedNodeName",
        ],
        ["nodes"] = ["spec.unschedulable"],
        ["events"] =
        [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
            "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
            "reportingComponent", "source", "type",
        ],
        ["secrets"] = ["type"],
        ["services"] = ["spec.clusterIP", "spec.type"],
        ["namespaces"] = ["status.phase"],
        ["jobs.batch"] = ["status.successful"],
        ["replicationcontrollers"] = ["status.replicas"],
        ["certificatesigningrequests.certificates.k8s.io"] = ["spec.signerName"],
    }.ToFrozenDictionary();

    private readonly List<(string Field, string Value, bool Equal)> _terms;

    private FieldSelector(List<(string Field, string Value, bool Equal)> terms) => _terms = terms;

    public bool SelectsEverything => _terms.Count == 0;

    /// <summary>The one name it asks for; null when it does not.</summary>
    public string? Name => _terms.Where(t => t is { Field: "metadata.name", Equal: true }).Select(t => t.Value).FirstOrDefault();

    /// <summary>The one node whose pods it asks for; null when it does not.</summary>
    public string? NodeName => _terms
        .Where(t => t is { Field: "spec.nodeName", Equal: true } && t.Value.Length > 0).Select(t => t.Value).FirstOrDefault();

    /// <exception cref="ApiException">400 when it cannot be read or the kind has no such field.</exception>
    public static FieldSelector Parse(string? text, Kind kind)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Everything;
        }

        var terms = new List<(string, string, bool)>();
        foreach (var term in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = term.IndexOf('=', StringComparison.Ordinal);
            if (at < 0)
            {
                throw ApiException.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
            }

            var equal = at == 0 || term[at - 1] != '!';
            var field = term[..(equal ? at : at - 1)];
            var value = term[(at + 1)..].TrimStart('=');
            var allowed = Allowed.GetValueOrDefault(kind.Resource);
            if (field is not ("metadata.name" or "metadata.namespace") && allowed?.Contains(field) != true)
            {
                throw ApiException.BadRequest(allowed is null && !kind.Custom
                    ? $"\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                    : $"field label not supported: {field}");
            }

            terms.Add((field, value, equal));
        }

        return new FieldSelector(terms);
    }

    public bool Matches(KubeObject item)
    {
        foreach (var (field, value, equal) in _terms)
        {
            if ((Read(item, field) == value) != equal)
            {
                return false;
            }
        }

        return true;
    }

    private static string Read(KubeObject item, string field)
    {
        switch (field)
        {
            case "metadata.name":
                return item.Name;
            case "metadata.namespace":
                return item.Namespace;
            case "spec.nodeName" when item.Kind.Equals(Kinds.Pod):
                return item.NodeName;
            case "status.successful":
                return (item.Json.Whole("status", "succeeded") ?? 0).ToString();
            case "source":
                return item.Json.Text("source", "component") ?? item.Json.Text("reportingComponent") ?? "";
            case "spec.unschedulable" or "spec.hostNetwork":
                return item.Json.IsTrue(field.Split('.')) ? "true" : "false";
            case "status.replicas":
                return (item.Json.Whole("status", "replicas") ?? 0).ToString();
            default:
                return item.Json.Text(field.Split('.')) ?? "";
        }
    }
}
