using System.Collections.Immutable;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Definition;
using Ebb.Cli.Definition.Shapes;
using Ebb.Tests.House;

namespace Ebb.Tests.Cli.Definition;

/// <summary>The schema that editors check with, and the reader, made from one table: they agree about files, not only about words.</summary>
public class SchemaTests
{
    private static readonly JsonElement Schema = JsonSerializer.Deserialize<JsonElement>(SchemaFile.Text());

    public static TheoryData<string, string> Examples => [.. Walk(Keys.Cluster.Rows, "").Select(e => (e.Path, e.Yaml))];

    [Fact]
    public void The_published_schema_is_the_table_s()
    {
        Published.Same(SchemaFile.Text(), "docs/ebb.schema.json");
    }

    [Fact]
    public void The_documentation_has_every_key()
    {
        var path = Path.Combine(Tree.Root, "docs", "ebb-yaml.md");
        const string Begin = "<!-- keys: made from the table in src/Ebb.Cli/Definition/Keys.cs -->\n";
        var text = File.ReadAllText(path);

        Published.Same(text[..(text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)] + "\n" + KeyTables.Text().TrimEnd() + "\n", "docs/ebb-yaml.md");
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_of_the_documentation_reads(string path, string yaml)
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory.File(".ssh"));
        File.WriteAllText(directory.File(".ssh/id_ed25519.pub"), "ssh-ed25519 AAAA me");

        Assert.NotNull(Sample.Read(yaml, ("TAILSCALE_AUTH_KEY", "tskey-1"), ("HOME", directory.Path)));
        Assert.Null(SchemaCheck.Breach(Schema, Yaml.ToJson(yaml)));
        Assert.NotEmpty(path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("controlPlane: {machines: 5, zones: [1]}")]
    [InlineData("access: {sshFrom: [], apiFrom: anyone, ingressFrom: [cloudflare, \"2001:db8::/32\"]}")]
    [InlineData("storage: {shares: []}")]
    [InlineData("options: {commands: [\"a\\nb\"], tailscale: {authKey: \"${KEY}\"}}")]
    [InlineData("kubernetes: {channel: v1.31}")]
    [InlineData("network: {range: 10.9.0.0/16}")]
    public void What_the_reader_takes_the_schema_takes(string lines)
    {
        var yaml = Sample.With(lines);

        Assert.NotNull(Sample.Read(yaml, ("KEY", "x")));
        Assert.Null(SchemaCheck.Breach(Schema, Yaml.ToJson(yaml)));
    }

    [Theory]
    [InlineData("controlPlane: {machines: 2}")]
    [InlineData("controlPlane: {machines: \"3\"}")]
    [InlineData("controlPlane: {zones: [4]}")]
    [InlineData("controlPlane: {zones: 1}")]
    [InlineData("controlPlane: {size: 1}")]
    [InlineData("controlPlane: {size: small}")]
    [InlineData("controlPlane: {sise: Standard_B2ms}")]
    [InlineData("controlPlane: []")]
    [InlineData("controlPlane:")]
    [InlineData("colour: blue")]
    [InlineData("access: {sshFrom: me}")]
    [InlineData("access: {sshFrom: [me]}")]
    [InlineData("access: {sshPort: 0}")]
    [InlineData("access: {sshPort: 65536}")]
    [InlineData("storage: {shares: [{quotaGiB: 1}]}")]
    [InlineData("storage: {shares: {name: srv}}")]
    [InlineData("addOns: {registry: \"true\"}")]
    [InlineData("addOns: {registry: yes}")]
    [InlineData("options: {commands: [\"\"]}")]
    [InlineData("options: {commands: [1]}")]
    [InlineData("options: {tailscale: {}}")]
    [InlineData("options: {tailscale: {authKey: tskey-1}}")]
    [InlineData("options: {swapGiB: 1.5}")]
    [InlineData("options: {image: ubuntu}")]
    [InlineData("kubernetes: {distribution: k8s}")]
    [InlineData("kubernetes: {version: 1.31}")]
    [InlineData("network: {range: 10.1.0.0/33}")]
    [InlineData("network: {range: 300.1.0.0/16}")]
    public void What_the_schema_refuses_the_reader_refuses(string lines)
    {
        var yaml = Sample.With(lines);

        Assert.NotNull(SchemaCheck.Breach(Schema, Yaml.ToJson(yaml)));
        Assert.NotEmpty(Sample.Problems(yaml));
    }

    [Theory]
    [InlineData("name: tide", "name: Tide")]
    [InlineData("name: tide", "name: tide-")]
    [InlineData("name: tide\n", "")]
    [InlineData("  region: westeurope", "  region: West Europe")]
    [InlineData("    size: Standard_D4s_v5", "    size: Standard_D4s_v5\n    maxPrice: 0")]
    [InlineData("    size: Standard_D4s_v5", "    size: Standard_D4s_v5\n    idleAfter: 5 m")]
    [InlineData("    size: Standard_D4s_v5", "    size: Standard_D4s_v5\n    labels: {a: 1}")]
    [InlineData("    size: Standard_D4s_v5", "    size: Standard_D4s_v5\n    labels: {a b: c}")]
    [InlineData("    size: Standard_D4s_v5", "    size: Standard_D4s_v5\n    taints: [a]")]
    [InlineData("    size: Standard_D4s_v5\n", "")]
    [InlineData("  - name: agents\n    size: Standard_D4s_v5\n", "  []\n")]
    public void What_the_schema_refuses_of_the_rest_the_reader_refuses(string sound, string broken)
    {
        var yaml = Sample.Least.Replace(sound, broken, StringComparison.Ordinal);

        Assert.NotNull(SchemaCheck.Breach(Schema, Yaml.ToJson(yaml)));
        Assert.NotEmpty(Sample.Problems(yaml));
    }

    /// <summary>The smallest file with one key more: its example.</summary>
    private static IEnumerable<(string Path, string Yaml)> Walk(ImmutableArray<Row> rows, string parent)
    {
        foreach (var row in rows)
        {
            var path = parent + row.Name;
            var yaml = parent switch
            {
                "pools[]." => $"    {row.Name}: {row.Example}\n",
                "storage.shares[]." => $"storage: {{shares: [{{name: one, {row.Name}: {row.Example}}}]}}\n",
                "options.tailscale." => $"options: {{tailscale: {{{row.Name}: \"{row.Example}\"}}}}\n",
                "" => $"{row.Name}: {row.Example}\n",
                _ => $"{parent.TrimEnd('.')}:\n  {row.Name}: {row.Example}\n",
            };
            yield return (path, Whole(parent, row, yaml));
            foreach (var within in Walk(row.Within, path + (row.IsList ? "[]." : ".")))
            {
                yield return within;
            }
        }
    }

    /// <summary>Takes out what the example says in other words, and adds what it cannot be without.</summary>
    private static string Whole(string parent, Row row, string yaml) => (parent, row.Name) switch
    {
        ("", "name") => Sample.Least.Replace("name: tide\n", yaml, StringComparison.Ordinal),
        ("", "cloud") => Sample.Least.Replace("cloud:\n  region: westeurope\n", yaml, StringComparison.Ordinal),
        ("", "pools") => Sample.Least.Replace("pools:\n  - name: agents\n    size: Standard_D4s_v5\n", yaml, StringComparison.Ordinal),
        ("cloud.", "region") or ("pools[].", "name") or ("pools[].", "size") or ("storage.shares[].", "name") => Sample.Least,
        ("cloud.", _) => Sample.Least.Replace("cloud:\n", yaml, StringComparison.Ordinal),
        ("pools[].", "maxPrice") => Sample.Least + "    priority: spot\n" + yaml,
        ("network.", "controlPlaneSubnet" or "poolSubnet") => Sample.Least + yaml + "  range: 10.20.0.0/16\n",
        ("options.", "airGapped") => Sample.Least + yaml + "kubernetes: {version: v1.31.5+k3s1}\n",
        _ => Sample.Least + yaml,
    };
}
