using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure.Containers;

public sealed class ContainerGroupTests
{
    private const string Api = """
        {"location":"eastus","properties":{"osType":"Linux","restartPolicy":"Always",
         "containers":[{"name":"api","properties":{"image":"nginx","command":["/bin/sh"],"ports":[{"port":6443,"protocol":"TCP"}],
           "environmentVariables":[{"name":"A","value":"b"},{"name":"S","secureValue":"hidden-value"}],
           "resources":{"requests":{"cpu":1,"memoryInGB":1.5}},"volumeMounts":[{"name":"tls","mountPath":"/tls"},{"name":"keys","mountPath":"/keys"},{"name":"src","mountPath":"/src"}]}}],
         "volumes":[{"name":"tls","azureFile":{"shareName":"tls","storageAccountName":"acct","storageAccountKey":"hidden-key"}},
           {"name":"keys","secret":{"ca.crt":"aGlkZGVuLWtleQ=="}},{"name":"src","gitRepo":{"repository":"https://example.org/x.git","directory":"."}}],
         "ipAddress":{"type":"Public","dnsNameLabel":"k8s-api","ports":[{"port":6443,"protocol":"TCP"}]}}}
        """;

    [Fact]
    public async Task A_group_has_its_address_at_once_and_comes_to_run()
    {
        using var lab = await FaceLab.StartAsync();

        var made = await lab.PutAsync(Group(lab, "api"), Api);
        lab.Cloud.Pass(minutes: 1);
        var read = await lab.GetAsync(Group(lab, "api"));
        var listed = await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.ContainerInstance/containerGroups");

        Assert.True(made.Code == 201, made.Text);
        Assert.Equal("Pending", (string)made.Json["properties"]!["provisioningState"]!);
        Assert.Equal("k8s-api.eastus.azurecontainer.io", (string)made.Json["properties"]!["ipAddress"]!["fqdn"]!);
        Assert.NotNull(made.Json["properties"]!["ipAddress"]!["ip"]);
        Assert.Equal("Succeeded", (string)read.Json["properties"]!["provisioningState"]!);
        Assert.Equal("Running", (string)read.Json["properties"]!["instanceView"]!["state"]!);
        Assert.Equal("Running", (string)read.Json["properties"]!["containers"]![0]!["properties"]!["instanceView"]!["currentState"]!["state"]!);
        Assert.Null(Assert.Single(listed.Json["value"]!.AsArray())!["properties"]!["instanceView"]);
        foreach (var text in new[] { made.Text, read.Text, listed.Text })
        {
            Assert.DoesNotContain("hidden", text, StringComparison.Ordinal);
            Assert.DoesNotContain("aGlkZGVu", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_group_stops_and_starts()
    {
        using var lab = await FaceLab.StartAsync();
        await lab.PutAsync(Group(lab, "api"), Api);

        var early = await lab.PostAsync($"{Group(lab, "api")}/stop");
        lab.Cloud.Pass(minutes: 1);
        var stop = await lab.PostAsync($"{Group(lab, "api")}/stop");
        var stopped = await lab.GetAsync(Group(lab, "api"));
        await lab.PostAsync($"{Group(lab, "api")}/start");
        var started = await lab.GetAsync(Group(lab, "api"));

        Assert.Equal((409, "ContainerGroupTransitioning"), (early.Code, early.Error));
        Assert.Equal(204, stop.Code);
        Assert.Equal("Stopped", (string)stopped.Json["properties"]!["instanceView"]!["state"]!);
        Assert.Equal("Running", (string)started.Json["properties"]!["instanceView"]!["state"]!);
    }

    [Theory]
    [InlineData("\"image\":\"nginx\",", "", "InvalidContainer")]
    [InlineData("\"osType\":\"Linux\",", "", "InvalidParameter")]
    [InlineData("\"name\":\"tls\",\"mountPath\"", "\"name\":\"none\",\"mountPath\"", "VolumeMountNotFound")]
    [InlineData("\"ports\":[{\"port\":6443,\"protocol\":\"TCP\"}]}}}", "\"ports\":[{\"port\":80,\"protocol\":\"TCP\"}]}}}", "MissingIpAddressPorts")]
    [InlineData("aGlkZGVuLWtleQ==", "not base64", "InvalidSecretVolume")]
    [InlineData("\"cpu\":1", "\"cpu\":0", "InvalidContainerResources")]
    [InlineData("k8s-api", "K8S", "InvalidDnsNameLabel")]
    [InlineData("\"name\":\"A\"", "\"name\":\"9\"", "InvalidEnvironmentVariable")]
    public async Task A_group_that_cannot_be_is_refused(string what, string instead, string code)
    {
        using var lab = await FaceLab.StartAsync();
        Assert.Contains(what, Api, StringComparison.Ordinal);

        var refused = await lab.PutAsync(Group(lab, "api"), Api.Replace(what, instead, StringComparison.Ordinal));

        Assert.Equal((400, code), (refused.Code, refused.Error));
    }

    [Fact]
    public async Task A_label_has_one_group_and_a_group_keeps_its_size()
    {
        using var lab = await FaceLab.StartAsync();
        await lab.PutAsync(Group(lab, "api"), Api);
        lab.Cloud.Pass(minutes: 1);

        var second = await lab.PutAsync(Group(lab, "other"), Api);
        var larger = await lab.PutAsync(Group(lab, "api"), Api.Replace("\"cpu\":1", "\"cpu\":2", StringComparison.Ordinal));
        var image = await lab.PutAsync(Group(lab, "api"), Api.Replace("\"nginx\"", "\"nginx:2\"", StringComparison.Ordinal));

        Assert.Equal((400, "DnsNameLabelNotAvailable"), (second.Code, second.Error));
        Assert.Equal((400, "InvalidContainerGroupUpdate"), (larger.Code, larger.Error));
        Assert.Equal(200, image.Code);
    }

    private static string Group(FaceLab lab, string name) =>
        $"{lab.Subscription}/resourceGroups/{Lab.Group}/providers/Microsoft.ContainerInstance/containerGroups/{name}";
}
