using System.Net;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Machines.Nspawn;

namespace Ebb.Tests.Sandbox.Machines;

public class NspawnTests
{
    [Fact]
    public void Machines_that_exist_at_a_time_have_pod_addresses_of_their_own_and_none_of_the_machines()
    {
        var machines = Enumerable.Range(4, 5000).Select(n => IPAddress.Parse($"10.240.{n >> 8}.{n & 255}"));

        var subnets = machines.Select(Room.PodSubnetOf).ToList();

        Assert.Equal(subnets.Count, subnets.Distinct().Count());
        Assert.DoesNotContain(subnets, subnet => subnet.StartsWith("10.240.", StringComparison.Ordinal));
        Assert.Equal(("10.128.2.0/25", "10.128.2.128/25"), (subnets[0], subnets[1]));
        Assert.Equal("10.128.1.0/25", Room.PodSubnetOf(IPAddress.Parse("10.240.224.2")));
    }

    [Fact]
    public void Options_that_cannot_work_are_refused_with_every_cause()
    {
        var options = new NspawnOptions
        {
            Name = "sandbox",
            Directory = "/var/lib/a:b",
            BaseRoot = "/nowhere",
            Shared = [new SharedPath("/no/such/file", "relative")],
        };

        var problems = NspawnSupport.Problems(options).ToList();

        Assert.Contains(problems, problem => problem.Contains("/nowhere") && problem.Contains("eng/machine.sh"));
        Assert.Contains(problems, problem => problem.Contains("'/var/lib/a:b'"));
        Assert.Contains(problems, problem => problem.Contains("'relative'"));
        Assert.Contains(problems, problem => problem.Contains("/no/such/file"));
    }

    [Fact]
    public void A_machine_s_hardware_is_what_its_size_says()
    {
        Assert.SkipUnless(File.Exists("/proc/cpuinfo"), "There is no /proc/cpuinfo to start from.");
        var directory = Directory.CreateTempSubdirectory("ebb-hardware-");
        try
        {
            Hardware.Write(directory.FullName, Size.Catalogue.First(size => size.Name == "Standard_D8s_v5"));

            string Read(string file) => File.ReadAllText(Path.Combine(directory.FullName, file));
            Assert.Equal(8, Read("cpuinfo").Split('\n').Count(line => line.StartsWith("processor", StringComparison.Ordinal)));
            Assert.Equal("0-7", Read("cpu/online").Trim());
            Assert.Equal("7", Read("node/node0/cpu7/topology/core_id").Trim());
            Assert.Contains("kB", Read("meminfo").Split('\n')[0]);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("an earlier boot's\n", "", "it said nothing")]
    [InlineData("an earlier boot's\n", "first\nlast\n\n", "last")]
    [InlineData("", "last", "last")]
    public async Task A_machine_s_last_words_are_those_of_this_boot(string before, string since, string words)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, before, TestContext.Current.CancellationToken);
            var length = LastWords.LengthOf(file);
            await File.AppendAllTextAsync(file, since, TestContext.Current.CancellationToken);

            Assert.Equal(words, await LastWords.ReadAsync(file, length));

            // Begun anew, as it had grown too large.
            await File.WriteAllTextAsync(file, "new\n", TestContext.Current.CancellationToken);
            Assert.Equal("new", await LastWords.ReadAsync(file, 1000));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_machine_that_never_said_a_word_has_no_file_to_read_them_from()
    {
        var file = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());

        Assert.Equal(0, LastWords.LengthOf(file));
        Assert.Contains("cannot be read", await LastWords.ReadAsync(file, 0));
    }

    [Theory]
    [InlineData(0, false, null)]
    [InlineData(133, true, null)]
    [InlineData(1, false, "it ended with exit code 1: no such disk")]
    public async Task How_a_machine_ends_says_whether_it_boots_again_or_broke(int exitCode, bool reboots, string? broken) =>
        Assert.Equal(new PowerEnd(reboots, broken), await PowerEnd.OfAsync(exitCode, () => Task.FromResult("no such disk")));
}
