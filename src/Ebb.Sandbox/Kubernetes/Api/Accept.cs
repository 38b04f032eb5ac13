namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>In what form an answer is wanted.</summary>
internal enum Form
{
    Object,
    Table,
    Metadata,
}

/// <summary>Reads the header Accept.</summary>
internal static class Accept
{
    /// <summary>The first form in the list that can be given.</summary>
    /// <exception cref="ApiException">406 when there is none.</exception>
    /// <param name="list">Whether a list is asked for.</param>
    public static Form Read(string accept, bool list)
    {
        if (accept.Length == 0)
        {
            return Form.Object;
        }

        foreach (var (type, parameters) in Types(accept))
        {
            if (type is not ("application/json" or "application/*" or "*/*"))
            {
                continue;
            }

            switch (parameters.GetValueOrDefault("as"))
            {
                case null:
                    return Form.Object;
                case "Table" when parameters.GetValueOrDefault("v") is "v1" or "v1beta1":
                    return Form.Table;
                case "PartialObjectMetadataList" when !list:
                    throw new ApiException(
                        406, "NotAcceptable", "you requested PartialObjectMetadataList, but the requested object is not a list");
                case "PartialObjectMetadata" or "PartialObjectMetadataList":
                    return Form.Metadata;
                default:
                    continue;
            }
        }

        throw Types(accept).Any(type => type.Type is "application/json")
            ? new ApiException(
                406,
                "NotAcceptable",
                "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf")
            : new ApiException(406, "NotAcceptable", "406: Not Acceptable") { Details = [] };
    }

    /// <summary>The version of the group of tables that is wanted first.</summary>
    public static string MetaVersion(string accept) => Types(accept)
        .Where(type => type.Parameters.ContainsKey("as")).Select(type => type.Parameters.GetValueOrDefault("v"))
        .FirstOrDefault() is "v1beta1" ? "v1beta1" : "v1";

    public static IEnumerable<(string Type, Dictionary<string, string> Parameters)> Types(string accept)
    {
        foreach (var part in accept.Split(','))
        {
            var pieces = part.Split(';', StringSplitOptions.TrimEntries);
            var parameters = new Dictionary<string, string>();
            foreach (var piece in pieces.Skip(1))
            {
                var at = piece.IndexOf('=', StringComparison.Ordinal);
                if (at > 0)
                {
                    parameters[piece[..at]] = piece[(at + 1)..];
                }
            }

            yield return (pieces[0], parameters);
        }
    }
}
