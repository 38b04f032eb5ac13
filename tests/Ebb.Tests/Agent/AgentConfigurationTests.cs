using System.Text;
using Ebb.Joining;

namespace Ebb.Tests.Agent;

public class AgentConfigurationTests
{
    private static readonly string Pin = "sha256:" + new string('a', 64);

    [Fact]
    public void What_it_does_not_know_is_passed_over()
    {
        var read = Parse($$"""{"servers":["https://10.1.0.10:1337"],"authority":"{{Pin.ToUpperInvariant().Replace("SHA", "sha", StringComparison.Ordinal)}}","agents":{"amd64":"x"},"distribution":"k3s"}""");

        Assert.Equal(("https://10.1.0.10:1337", new string('a', 64), "k3s"), (read.Servers.Single(), read.Pin, read.Distribution));
    }

    [Theory]
    [InlineData("""{"servers":[],"authority":"PIN"}""", "'servers' is empty")]
    [InlineData("""{"servers":["http://10.1.0.10:1337"],"authority":"PIN"}""", "'http://10.1.0.10:1337' in 'servers'")]
    [InlineData("""{"servers":["https://10.1.0.10:1337/path"],"authority":"PIN"}""", "/path' in 'servers'")]
    [InlineData("""{"servers":["https://10.1.0.10:1337"],"authority":"sha256:12"}""", "'authority' must be")]
    [InlineData("""{"servers":["https://10.1.0.10:1337"],"authority":"PIN","distribution":"k4s"}""", "'distribution' is 'k4s'")]
    [InlineData("""{"servers":["https://10.1.0.10:1337"]}""", "authority")]
    [InlineData("""{"servers":null,"authority":"PIN"}""", "servers")]
    [InlineData("not json", "agent.json")]
    public void What_is_wrong_is_named_with_the_file(string json, string problem)
    {
        var refused = Assert.Throws<EbbException>(() => Parse(json.Replace("PIN", Pin, StringComparison.Ordinal)));

        Assert.StartsWith("/etc/ebb/agent.json: ", refused.Message);
        Assert.Contains(problem, refused.Message);
    }

    private static AgentConfiguration Parse(string json) => AgentConfiguration.Parse(Encoding.UTF8.GetBytes(json), AgentConfiguration.Path);
}
