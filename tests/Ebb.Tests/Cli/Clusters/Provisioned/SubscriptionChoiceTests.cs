using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public sealed class SubscriptionChoiceTests : IDisposable
{
    private static readonly Subscription One = new("1", "one", "Enabled", "t");
    private static readonly Subscription Two = new("2", "two", "Enabled", "t");
    private static readonly Subscription Off = new("3", "off", "Disabled", "t");

    private readonly string _az = Directory.CreateTempSubdirectory("ebb-az-").FullName;

    [Fact]
    public void The_only_one_that_is_enabled_needs_no_name() => Assert.Equal(One, Choose(null, [], One, Off));

    [Fact]
    public void The_file_counts_before_the_environment_and_that_before_what_az_has_chosen()
    {
        File.WriteAllText(Path.Combine(_az, "azureProfile.json"), "\uFEFF" + """{"subscriptions":[{"id":"1","isDefault":false},{"id":"2","isDefault":true}]}""");

        Assert.Equal(One, Choose("1", [("AZURE_SUBSCRIPTION_ID", "2")], One, Two));
        Assert.Equal(One, Choose(null, [("AZURE_SUBSCRIPTION_ID", "1")], One, Two));
        Assert.Equal(Two, Choose(null, [], One, Two));
    }

    [Fact]
    public void Among_several_none_is_guessed()
    {
        Assert.Contains("Name one with cloud.subscription", Assert.Throws<EbbException>(() => Choose(null, [], One, Two)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_used_is_refused_with_those_that_can()
    {
        Assert.Contains("'one' (1)", Assert.Throws<EbbException>(() => Choose("9", [], One)).Message, StringComparison.Ordinal);
        Assert.Contains("is Disabled", Assert.Throws<EbbException>(() => Choose("3", [], One, Off)).Message, StringComparison.Ordinal);
        Assert.Contains("az login", Assert.Throws<EbbException>(() => Choose(null, [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_file_of_az_is_as_none()
    {
        File.WriteAllText(Path.Combine(_az, "azureProfile.json"), "{");

        Assert.Equal(One, Choose(null, [], One));
    }

    public void Dispose() => Directory.Delete(_az, recursive: true);

    private Subscription Choose(string? named, (string Name, string Value)[] environment, params Subscription[] visible) => SubscriptionChoice.Choose(
        named,
        name => name == "AZURE_CONFIG_DIR" ? _az : environment.FirstOrDefault(e => e.Name == name).Value,
        visible);
}
