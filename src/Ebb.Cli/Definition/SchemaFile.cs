using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ebb.Cli.Definition;

/// <summary>The JSON Schema of an ebb.yaml, with which editors complete and check it while it is written.</summary>
internal static class SchemaFile
{
    /// <summary>Where a starter looks for it, beside itself.</summary>
    public const string RelativePath = ".ebb/ebb.schema.json";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Draft 7: what the YAML plugins of all editors take.</summary>
    public static string Text()
    {
        var schema = Keys.Cluster.Schema();
        schema.Insert(0, "$schema", "http://json-schema.org/draft-07/schema#");
        schema.Insert(1, "title", "ebb.yaml");
        schema.Insert(2, "description", "One cluster of Ebb: its cloud, its control plane, and the pools that grow and shrink.");
        return schema.ToJsonString(Readable) + "\n";
    }
}
