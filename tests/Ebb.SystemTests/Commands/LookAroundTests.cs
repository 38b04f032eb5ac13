using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>What a person looks up before and beside a cluster: places, sizes, images, keys, where things are, logs.</summary>
public sealed class LookAroundTests : IAsyncLifetime
{
    private readonly Shell _shell = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Yaml => Path.Combine(_shell.State, "..", "ebb.yaml");

    [Fact]
    public async Task Locations_sizes_and_images_are_listed_before_there_is_a_cluster()
    {
        (await _shell.EbbAsync($"init --yes --name tide --region eastus -f {Yaml}", Ct)).Good();

        var locations = (await _shell.EbbAsync("list locations --sandbox --json", Ct)).Good();
        var sizes = (await _shell.EbbAsync($"list sizes D4s -f {Yaml} --json", Ct)).Good();
        var images = (await _shell.EbbAsync("list images --json", Ct)).Good();
        var nowhere = await _shell.EbbAsync($"list sizes --region northpole -f {Yaml}", Ct);

        Assert.Contains("eastus", JsonDocument.Parse(locations.Out).RootElement.EnumerateArray().Select(l => l.GetString()));
        Assert.Equal(["Standard_D4s_v3", "Standard_D4s_v5"], JsonDocument.Parse(sizes.Out).RootElement.EnumerateArray().Select(s => s.GetProperty("name").GetString()));
        Assert.Equal("debian-12", JsonDocument.Parse(images.Out).RootElement[2].GetProperty("name").GetString());
        Assert.Equal(2, nowhere.ExitCode);
        Assert.Contains("There is no region 'northpole'", nowhere.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_made_once_shown_again_and_changed_when_asked()
    {
        (await _shell.EbbAsync($"init --yes --name tide -f {Yaml}", Ct)).Good();

        var first = (await _shell.EbbAsync($"keys -f {Yaml}", Ct)).Good().Out;
        var second = (await _shell.EbbAsync($"keys -f {Yaml}", Ct)).Good().Out;
        var rotated = (await _shell.EbbAsync($"keys rotate ssh --yes -f {Yaml}", Ct)).Good();
        var other = (await _shell.EbbAsync($"keys -f {Yaml}", Ct)).Good().Out;

        var path = Path.Combine(_shell.State, "clusters", "tide", "keys", "ssh");
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));

        // No machine knows the one before.
        Assert.False(File.Exists(path + ".previous"));
        Assert.DoesNotContain("PRIVATE", first + rotated.Out + rotated.Error + other, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sandbox_says_where_it_is_and_what_its_controller_does()
    {
        (await _shell.EbbAsync("up -d --json --speed 10", Ct)).Good();

        var endpoints = (await _shell.EbbAsync("endpoints --json", Ct)).Good();
        var logs = (await _shell.EbbAsync("logs --lines 5", Ct)).Good();

        Assert.Equal(["kubernetes", "azure"], JsonDocument.Parse(endpoints.Out).RootElement.EnumerateArray().Select(e => e.GetProperty("what").GetString()));
        Assert.InRange(logs.Out.TrimEnd().Split('\n').Length, 1, 5);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _shell.DisposeAsync();
}
