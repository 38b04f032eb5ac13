using System.Collections.Immutable;
using System.Reflection;

namespace Ebb.Sandbox.Kubernetes.Api.Schemas;

/// <summary>The schemas of the built-in kinds, read from the .schema files, whose head explains how they are written.</summary>
internal sealed class SchemaBook
{
    private static readonly Lazy<SchemaBook> Shared = new(Read);

    private readonly Dictionary<string, ObjectSchema> _byFullName = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Group, string Version, string Kind), ObjectSchema> _kinds = [];

    public static SchemaBook BuiltIn => Shared.Value;

    /// <summary>In the order of the files.</summary>
    public IEnumerable<ObjectSchema> All => _byFullName.Values;

    public ObjectSchema? Find(string group, string version, string kind) =>
        _kinds.GetValueOrDefault((group, version, kind));

    private static SchemaBook Read()
    {
        var book = new SchemaBook();
        var lines = new List<(ObjectSchema Type, string Line)>();
        foreach (var part in new[] { "meta", "core", "workloads", "others" })
        {
            book.ReadTypes(part, lines);
        }

        foreach (var (type, line) in lines)
        {
            var field = book.ReadField(type, line);
            type.Fields[field.Name] = field;
        }

        return book;
    }

    /// <summary>The kind of that name in any version of the group, or in any group when it is in none.</summary>
    public ObjectSchema? FindLike(string group, string kind) =>
        _byFullName.Values.FirstOrDefault(s => s.Kind?.Group == group && s.Name == kind)
        ?? _byFullName.Values.FirstOrDefault(s => s.Name == kind);

    private void ReadTypes(string part, List<(ObjectSchema Type, string Line)> lines)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{part}.schema")!;
        using var reader = new StreamReader(stream);
        var package = "";
        ObjectSchema? current = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line.StartsWith("package ", StringComparison.Ordinal))
            {
                package = line[8..];
            }
            else if (line[0] == ' ')
            {
                lines.Add((current!, line.Trim()));
            }
            else
            {
                current = ReadType(package, line);
                _byFullName.Add(current.FullName, current);
                if (current.Kind is { } kind)
                {
                    _kinds.Add((kind.Group, kind.Version, current.Name), current);
                    lines.Add((current, "apiVersion string : The version of the API that the object is written in."));
                    lines.Add((current, "kind string : What the object is."));
                    lines.Add((current, "metadata ObjectMeta #1 : Who it is."));
                }
            }
        }
    }

    private static ObjectSchema ReadType(string package, string line)
    {
        var (words, description) = Split(line);
        var kind = words.FirstOrDefault(word => word[0] == '@')?[1..].Split('/');
        return new ObjectSchema(package + "." + words[0])
        {
            Description = description,
            Atomic = words.Contains("atomic"),
            Open = words.Contains("open"),
            Kind = kind is null ? null : kind.Length == 1 ? ("", kind[0]) : (kind[0], kind[1]),
        };
    }

    private SchemaField ReadField(ObjectSchema owner, string line)
    {
        var (words, description) = Split(line);
        string? Option(string name) =>
            words.Skip(2).FirstOrDefault(word => word.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

        var number = words.FirstOrDefault(word => word[0] == '#');
        return new SchemaField(words[0].TrimEnd('!'), ReadFieldType(owner, words[1]))
        {
            Number = number is null ? [] : [.. number.Trim('#', '-').Split('.').Select(int.Parse)],
            EmptyMeansNone = number is not null && number.EndsWith('-'),
            Description = description,
            Required = words[0].EndsWith('!'),
            MergeKey = Option("merge"),
            MapKeys = Option("map")?.Split(',').ToImmutableArray() ?? [],
            Set = words.Contains("set"),
            Atomic = words.Skip(2).Contains("atomic"),
            RetainKeys = words.Contains("retain"),
        };
    }

    private FieldType ReadFieldType(ObjectSchema owner, string name) => name switch
    {
        "any" => FieldType.Any,
        "string" => FieldType.Text,
        "int32" => new FieldType(Shape.Int32),
        "int64" => new FieldType(Shape.Int64),
        "number" => new FieldType(Shape.Number),
        "bool" => new FieldType(Shape.Bool),
        "intorstring" => new FieldType(Shape.IntOrString),
        "quantity" => new FieldType(Shape.Quantity),
        "time" => new FieldType(Shape.Time),
        "microtime" => new FieldType(Shape.MicroTime),
        "bytes" => new FieldType(Shape.Bytes),
        _ when name.StartsWith("[]", StringComparison.Ordinal) =>
            new FieldType(Shape.List, ReadFieldType(owner, name[2..])),
        _ when name.StartsWith("{}", StringComparison.Ordinal) =>
            new FieldType(Shape.Map, ReadFieldType(owner, name[2..])),
        _ => new FieldType(Shape.Object, Of: Resolve(owner, name)),
    };

    /// <summary>The type of that name in the same package, or else the first one of any package.</summary>
    private ObjectSchema Resolve(ObjectSchema owner, string name) =>
        _byFullName.GetValueOrDefault(owner.FullName[..(owner.FullName.LastIndexOf('.') + 1)] + name)
        ?? _byFullName.Values.FirstOrDefault(type => type.Name == name)
        ?? throw new InvalidDataException($"Schema of {owner.FullName} names an unknown type '{name}'.");

    private static (string[] Words, string Description) Split(string line)
    {
        var colon = line.IndexOf(" : ", StringComparison.Ordinal);
        return colon < 0
            ? (line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "")
            : (line[..colon].Split(' ', StringSplitOptions.RemoveEmptyEntries), line[(colon + 3)..]);
    }
}
