using System.Collections.Immutable;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>An answer of the file service before it is written.</summary>
internal sealed record FileReply(int Status)
{
    public ImmutableArray<(string Name, string Value)> Headers { get; init; } = [];

    public byte[]? Body { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Sent instead of <see cref="Body"/>: so many bytes of a file.</summary>
    public (FileContent Content, long Offset, long Count)? Part { get; init; }

    /// <summary>Text from a request, without what XML cannot hold.</summary>
    public static string Clean(string text) => text.All(XmlConvert.IsXmlChar) ? text : string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) ? c : '?'));

    public static FileReply Xml(int status, XElement root) => new(status)
    {
        ContentType = "application/xml",
        Body = Encoding.UTF8.GetBytes("<?xml version=\"1.0\" encoding=\"utf-8\"?>" + root.ToString(SaveOptions.DisableFormatting)),
    };
}

/// <summary>Why a request is refused. Carries the refusal out of the depth of a verb to its entry, and no further.</summary>
internal sealed class FileRefusal(int status, string code, string message) : Exception(message)
{
    /// <summary>Elements that stand in the answer beside code and message.</summary>
    public ImmutableArray<(string Name, string Value)> More { get; init; } = [];

    public FileReply Reply(string requestId, DateTimeOffset now)
    {
        var xml = new XElement(
            "Error",
            new XElement("Code", code),
            new XElement("Message", $"{FileReply.Clean(Message)}\nRequestId:{requestId}\nTime:{now.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffffZ}"),
            More.Select(m => new XElement(m.Name, FileReply.Clean(m.Value))));
        var reply = FileReply.Xml(status, xml) with { Headers = [("x-ms-error-code", code)] };
        return status == 401 ? reply with { Headers = [.. reply.Headers, ("WWW-Authenticate", "SharedKey")] } : reply;
    }

    public static FileRefusal ShareNotFound() => new(404, "ShareNotFound", "The specified share does not exist.");

    public static FileRefusal NotFound() => new(404, "ResourceNotFound", "The specified resource does not exist.");

    public static FileRefusal ParentNotFound() => new(404, "ParentNotFound", "The specified parent path does not exist.");

    public static FileRefusal Exists() => new(409, "ResourceAlreadyExists", "The specified resource already exists.");

    public static FileRefusal WrongType() =>
        new(409, "ResourceTypeMismatch", "The specified resource type does not match the type of the existing resource.");

    public static FileRefusal InvalidRange() => new(416, "InvalidRange", "The range specified is invalid for the current size of the resource.");

    public static FileRefusal MissingHeader(string name) =>
        new(400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified.") { More = [("HeaderName", name)] };

    public static FileRefusal InvalidHeader(string name, string value) =>
        new(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.") { More = [("HeaderName", name), ("HeaderValue", value)] };

    public static FileRefusal InvalidQuery(string name, string value) =>
        new(400, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is invalid.") { More = [("QueryParameterName", name), ("QueryParameterValue", value)] };
}
