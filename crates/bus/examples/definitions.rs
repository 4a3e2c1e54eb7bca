//! Prints the definitions file for RabbitMQ: `cargo run -p bus --example definitions [partitions]`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let partitions = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    println!(
        "{}",
        serde_json::to_string_pretty(&bus::topology::definitions_json(partitions))?
    );
    Ok(())
}
