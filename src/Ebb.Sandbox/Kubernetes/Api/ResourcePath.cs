namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>The parts of a path under /api or /apis.</summary>
/// <param name="Plural">Empty: the path names a group and version only.</param>
internal sealed record ResourcePath(
    string Group, string Version, string Namespace, string Plural, string Name, string Subresource, bool Watch)
{
    /// <summary>Null when the path is not of the form that objects have.</summary>
    public static ResourcePath? Read(string path)
    {
        var steps = path.Trim('/').Split('/').Select(Uri.UnescapeDataString).ToList();
        string group, version;
        if (steps is ["api", _, ..])
        {
            (group, version) = ("", steps[1]);
            steps.RemoveRange(0, 2);
        }
        else if (steps is ["apis", _, _, ..])
        {
            (group, version) = (steps[1], steps[2]);
            steps.RemoveRange(0, 3);
        }
        else
        {
            return null;
        }

        var watch = steps is ["watch", _, ..];
        if (watch)
        {
            steps.RemoveAt(0);
        }

        var ns = "";
        if (steps is ["namespaces", _, _, ..] && !(steps.Count == 3 && steps[2] is "status" or "finalize"))
        {
            ns = steps[1];
            steps.RemoveRange(0, 2);
        }

        return steps.Count > 3 ? null : new ResourcePath(
            group,
            version,
            ns,
            steps.ElementAtOrDefault(0) ?? "",
            steps.ElementAtOrDefault(1) ?? "",
            steps.ElementAtOrDefault(2) ?? "",
            watch);
    }
}
