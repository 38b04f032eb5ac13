using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Api.Validation;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>A request whose path has been understood, on its way through the API.</summary>
internal sealed class Call(ApiRequest request, Query query, Resource resource)
{
    // What the real server takes at most.
    public const int MostBytes = 3 * 1024 * 1024;

    public ApiRequest Request { get; } = request;

    public Query Query { get; } = query;

    public Resource Resource { get; } = resource;

    /// <summary>Empty: all namespaces, or none for what is cluster-wide.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Empty: the collection.</summary>
    public string Name { get; init; } = "";

    public string Subresource { get; init; } = "";

    public List<string> Warnings { get; } = [];

    public string MediaType => Request.ContentType.Split(';')[0].Trim();

    public bool DryRun => Query.All("dryRun").Any();

    /// <summary>Whether there is a kind of that name in that version, whether it is served or not.</summary>
    public Func<string, string, bool> Knows { get; init; } = (_, _) => false;

    /// <summary>Who is said to own the fields that this call writes.</summary>
    public string Manager
    {
        get
        {
            if (Query["fieldManager"] is { } named)
            {
                return named;
            }

            var end = Request.UserAgent.IndexOfAny([' ', '/']);
            return Request.UserAgent.Length == 0 ? "unknown" : end < 0 ? Request.UserAgent : Request.UserAgent[..end];
        }
    }

    /// <summary>Reads the body as a document of any kind.</summary>
    /// <exception cref="ApiException">400, 413 or 415.</exception>
    public JsonElement ReadBody()
    {
        if (Request.Body.Length > MostBytes)
        {
            throw new ApiException(
                413, "RequestEntityTooLarge", $"Request entity too large: limit is {MostBytes}");
        }

        try
        {
            if (ProtobufReading.IsProtobuf(Request.Body.Span))
            {
                return JsonSerializer.SerializeToElement(ProtobufReading.Read(Request.Body.Span));
            }

            if (MediaType.EndsWith("yaml", StringComparison.Ordinal))
            {
                return JsonSerializer.SerializeToElement(Yaml.Read(Request.Body));
            }

            return Repeated.Read(Request.Body, Warnings);
        }
        catch (JsonException e)
        {
            throw Unreadable("couldn't get version/kind; json parse error: " + e.Message);
        }
    }

    /// <summary>Reads the body as an object of this resource, and holds it against its schema.</summary>
    /// <exception cref="ApiException">400, 413 or 415.</exception>
    public JsonObject ReadObject()
    {
        if (MediaType is not ("application/json" or "application/yaml" or ProtobufReading.MediaType or ""))
        {
            throw Unsupported($"application/json, application/yaml, {ProtobufReading.MediaType}");
        }

        var body = ReadBody();
        if (body.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        if (body.ValueKind != JsonValueKind.Object)
        {
            throw Unreadable("couldn't get version/kind; json parse error: the body is not an object");
        }

        CheckKind(body);
        var json = CheckFields(body);
        CheckPlace(json);
        return json;
    }

    /// <summary>Refuses, warns of or ignores unknown fields, as the query asks for; refuses wrong types.</summary>
    public JsonObject CheckFields(JsonElement body)
    {
        var json = JsonObject.Create(body)!;
        if (Resource.Schema is not { } schema)
        {
            return json;
        }

        var where = $"{Resource.Kind.Name} in version \"{Resource.Version}\" cannot be handled as a {Resource.Kind.Name}";
        var reading = new StrictReading(where, Resource.Kind.Custom);
        reading.Check(body, schema, "");
        if (reading.Unknown.Count == 0)
        {
            return json;
        }

        switch (Query["fieldValidation"])
        {
            case "Strict":
                throw ApiException.BadRequest($"{where}: strict decoding error: {string.Join(", ", reading.Unknown)}");
            case null or "Warn":
                Warnings.AddRange(reading.Unknown);
                break;
            case "Ignore":
                break;
            case var other:
                throw ApiException.BadRequest($"invalid value \"{other}\" for the query parameter fieldValidation");
        }

        StrictReading.Prune(json, schema);
        return json;
    }

    /// <summary>Brings an object into the form in which it is kept; a custom one is held against its schema.</summary>
    /// <exception cref="ApiException">422 for a custom object that its schema refuses.</exception>
    public void Settle(JsonObject json)
    {
        if (Resource.OpenApi is { } custom)
        {
            CustomRules.Default(json, custom);
            var problems = new Problems(Resource.Kind, Store.Tree.Text(json, "metadata", "name") ?? "");
            CustomRules.Check(json, custom, problems);
            problems.ThrowIfAny();
        }

        if (!Resource.Kind.Custom && Resource.Schema is { } schema)
        {
            Canonical.Apply(json, schema);
        }
    }

    public static ApiException Unsupported(string supported) => new(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: " + supported);

    private ApiException Unreadable(string why) =>
        ApiException.BadRequest($"the object provided is unrecognized (must be of type {Resource.Kind.Name}): {why}");

    private void CheckKind(JsonElement body)
    {
        string Said(string name) => body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()! : "";
        var kind = Said("kind") is { Length: > 0 } said ? said : Resource.Kind.Name;
        var apiVersion = Said("apiVersion") is { Length: > 0 } written ? written : Resource.ApiVersion;
        if (kind == Resource.Kind.Name && apiVersion == Resource.ApiVersion)
        {
            return;
        }

        if (Resource.Kind.Custom)
        {
            throw kind == Resource.Kind.Name
                ? ApiException.BadRequest(
                    $"the API version in the data ({apiVersion}) does not match the expected API version ({Resource.ApiVersion})")
                : WrongCustomKind(body, kind);
        }

        var parts = apiVersion.Split('/');
        if (parts.Length > 2)
        {
            throw Unreadable("unexpected GroupVersion string: " + apiVersion);
        }

        if (kind != Resource.Kind.Name || !Knows(apiVersion, kind))
        {
            throw ApiException.BadRequest($"{kind} in version \"{parts[^1]}\" cannot be handled as a {Resource.Kind.Name}: " +
                $"no kind \"{kind}\" is registered for version \"{apiVersion}\" at this path");
        }

        throw ApiException.BadRequest(
            $"the API version in the data ({apiVersion}) does not match the expected API version ({Resource.ApiVersion})");
    }

    private ApiException WrongCustomKind(JsonElement body, string kind)
    {
        var problems = new Problems(Resource.Group, kind, Store.Tree.Text(JsonObject.Create(body), "metadata", "name") ?? "");
        problems.Add(Problem.Invalid("kind", kind, "must be " + Resource.Kind.Name));
        return problems.ToException();
    }

    /// <summary>Refuses an object that names another place than the path does.</summary>
    public void CheckPlace(JsonObject json)
    {
        var name = Store.Tree.Text(json, "metadata", "name");
        if (Name.Length > 0 && string.IsNullOrEmpty(name) && Subresource.Length == 0)
        {
            throw ApiException.BadRequest($"the name of the object ({Name} based on URL) was undeterminable: name must be provided");
        }

        if (Name.Length > 0 && !string.IsNullOrEmpty(name) && name != Name)
        {
            throw ApiException.BadRequest(
                $"the name of the object ({name}) does not match the name on the URL ({Name})");
        }

        var ns = Store.Tree.Text(json, "metadata", "namespace");
        if (Resource.Kind.Namespaced && !string.IsNullOrEmpty(ns) && ns != Namespace)
        {
            throw ApiException.BadRequest(Name.Length > 0
                ? $"the namespace of the object ({ns}) does not match the namespace on the request ({Namespace})"
                : "the namespace of the provided object does not match the namespace sent on the request");
        }
    }
}
