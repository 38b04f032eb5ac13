using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.Provisioning;
using Ebb.Tests.House;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

public class ApprovedRenderingTests
{
    [Theory]
    [InlineData("minimal")]
    [InlineData("typical")]
    [InlineData("full")]
    [InlineData("air-gapped")]
    public void What_is_rendered_is_as_approved(string name)
    {
        var (cluster, inputs) = RenderLab.Of(name);

        var rendered = Renderer.Render(cluster, inputs);

        foreach (var file in rendered.Files())
        {
            // What machines are told stands in files of its own, where people can read it.
            var text = file.Path == "compute.parameters.json" ? WithoutCustomData(file.Text, rendered) : file.Text;
            Approved.Same(text, $"approved/{name}/{file.Path}");
        }
    }

    [Fact]
    public void The_same_inputs_give_the_same_texts()
    {
        var (cluster, inputs) = RenderLab.Of("full");

        var (one, other) = (Renderer.Render(cluster, inputs).Files(), Renderer.Render(cluster, inputs).Files());

        Assert.Equal(one.Select(file => file.Text), other.Select(file => file.Text));
    }

    [Fact]
    public void No_secret_of_the_file_is_in_anything_that_is_rendered()
    {
        var (cluster, inputs) = RenderLab.Of("full");

        var rendered = Renderer.Render(cluster, inputs);

        Assert.All(rendered.Files(), file => Assert.DoesNotContain(RenderLab.TailscaleKey, file.Text));
        Assert.All(rendered.CloudConfigs.Values, text => Assert.DoesNotContain("PRIVATE KEY", text));
    }

    private static string WithoutCustomData(string text, Rendering rendered)
    {
        var file = JsonNode.Parse(text)!;
        foreach (var (name, data) in file["parameters"]!["customData"]!["value"]!.AsObject().ToList())
        {
            Assert.Equal(rendered.CloudConfigs[name], Text(Convert.FromBase64String((string)data!)));
            file["parameters"]!["customData"]!["value"]![name] = $"cloud-config/{name}.yaml in base64";
        }

        return Ebb.Cli.Provisioning.Templates.Arm.Text(file);
    }

    /// <summary>As cloud-init takes it, which unpacks what is packed.</summary>
    private static string Text(byte[] data)
    {
        if (!data.AsSpan().StartsWith([(byte)0x1f, (byte)0x8b]))
        {
            return Encoding.UTF8.GetString(data);
        }

        using var text = new StreamReader(new GZipStream(new MemoryStream(data), CompressionMode.Decompress), Encoding.UTF8);
        return text.ReadToEnd();
    }
}
