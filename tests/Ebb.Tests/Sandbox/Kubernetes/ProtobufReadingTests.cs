using System.Text;
using System.Text.Json;
using Ebb.Sandbox.Kubernetes.Api.Schemas;

namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class ProtobufReadingTests
{
    [Fact]
    public void An_object_is_read_by_the_numbers_of_its_fields()
    {
        // A Namespace: its metadata with a name, an empty generateName (none), and a label.
        byte[] label = [.. Field(1, "a"), .. Field(2, "b")];
        byte[] metadata = [.. Field(1, "team"), .. Field(2, ""), .. Field(11, label)];
        byte[] raw = [.. Field(1, metadata), .. Field(2, Array.Empty<byte>())];

        var json = ProtobufReading.Read(Envelope("v1", "Namespace", raw));

        Assert.Equal(
            """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team","labels":{"a":"b"}},"spec":{}}""", json.ToJsonString());
    }

    [Fact]
    public void Numbers_quantities_times_and_hidden_parts_are_read()
    {
        byte[] time = [8, 0x80, 0xA0, 0xCA, 0xDB, 0x06];
        byte[] requests = [.. Field(1, "cpu"), .. Field(2, Field(1, "100m"))];
        byte[] container = [.. Field(1, "c"), .. Field(8, Field(2, requests)), .. Field(10, Field(1, Field(1, Field(1, "true"))))];
        byte[] spec = [.. Field(2, container), 32, 30];
        byte[] raw = [.. Field(1, [.. Field(1, "p"), .. Field(8, time)]), .. Field(2, spec)];

        var json = ProtobufReading.Read(Envelope("v1", "Pod", raw));

        Assert.Equal(30, (long?)json["spec"]!["terminationGracePeriodSeconds"]);
        Assert.Equal("100m", (string?)json["spec"]!["containers"]![0]!["resources"]!["requests"]!["cpu"]);
        Assert.Equal("true", (string?)json["spec"]!["containers"]![0]!["livenessProbe"]!["exec"]!["command"]![0]);
        Assert.EndsWith("Z", (string?)json["metadata"]!["creationTimestamp"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("k8s\0")]
    [InlineData("k8s\0\n\u00ff")]
    [InlineData("k8s\0\u0012\u0005ab")]
    public void What_is_broken_or_unknown_is_refused(string body) =>
        Assert.Throws<JsonException>(() => ProtobufReading.Read(Encoding.Latin1.GetBytes(body)));

    private static byte[] Envelope(string apiVersion, string kind, byte[] raw) =>
        [.. "k8s\0"u8, .. Field(1, [.. Field(1, apiVersion), .. Field(2, kind)]), .. Field(2, raw)];

    private static byte[] Field(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] bytes) => [(byte)((number << 3) | 2), (byte)bytes.Length, .. bytes];
}
