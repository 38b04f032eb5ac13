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
    public static Form Read(string accept)
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
                case "PartialObjectMetadata" or "PartialObjectMetadataList":
                    return Form.Metadata;
                default:
                    continue;
            }
        }

        throw new ApiException(
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json, " +
            "application/json;as=Table;g=meta.k8s.io;v=v1")
        { Details = [] };
    }

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
