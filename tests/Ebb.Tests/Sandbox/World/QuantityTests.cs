using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Tests.Sandbox.World;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("250m", 250)]
    [InlineData("1.5", 1500)]
    [InlineData("0.1", 100)]
    [InlineData("2", 2000)]
    [InlineData("1e3", 1_000_000)]
    [InlineData("100u", 1)]
    public void Cpu_is_read_in_thousandths(string text, long milli) => Assert.Equal(milli, Quantity.Milli(text));

    [Theory]
    [InlineData("64Mi", 64L << 20)]
    [InlineData("1.5Gi", 3L << 29)]
    [InlineData("128M", 128_000_000)]
    [InlineData("1E", 1_000_000_000_000_000_000)]
    [InlineData("9999999999999Ti", long.MaxValue)]
    public void Memory_is_read_in_bytes(string text, long bytes) => Assert.Equal(bytes, Quantity.Units(text));

    [Theory]
    [InlineData("")]
    [InlineData("much")]
    [InlineData("1X")]
    [InlineData("Mi")]
    [InlineData("1 Gi")]
    [InlineData("NaN")]
    public void What_is_no_amount_is_null(string text) => Assert.Null(Quantity.Units(text));

    [Fact]
    public void Sidecars_count_beside_containers_and_init_containers_count_where_they_need_more()
    {
        var pod = PodView.Of(System.Text.Json.Nodes.JsonNode.Parse("""
            {"metadata":{"name":"p"},"spec":{
              "initContainers":[
                {"name":"side","restartPolicy":"Always","resources":{"requests":{"cpu":"100m","memory":"10Mi"}}},
                {"name":"init","resources":{"requests":{"cpu":"900m"}}}],
              "containers":[
                {"name":"a","resources":{"requests":{"cpu":"300m"},"limits":{"cpu":"2","memory":"100Mi"}}},
                {"name":"b","resources":{"requests":{"cpu":"200m"}}}],
              "overhead":{"cpu":"50m"}}}
            """)!.AsObject());

        Assert.Equal(1050, pod.Needs.Requests.CpuMilli);
        Assert.Equal(110L << 20, pod.Needs.Requests.MemoryBytes);
    }
}
